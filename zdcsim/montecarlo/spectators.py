"""Spectator neutrons and protons of lead-lead collisions.

A Glauber collision leaves the nucleons that did not collide. Not all of them fly free: the rest of
the nucleus evaporates nucleons until its excitation is spent, and what remains stays bound and goes
on with the beam. Bound fragments with free-flying light ones (deuterons, alphas) are not modelled.

Source: J.-J. Gaimard and K.-H. Schmidt, Nucl. Phys. A 531 (1991) 709 (excitation by the holes that
the nucleons taken away leave, 13.3 MeV each), doubled to 27 MeV as K.-H. Schmidt et al., Phys.
Lett. B 300 (1993) 313, found necessary; about 10 MeV, binding and kinetic energy, go with every
evaporated one.
"""

import itertools
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, ENERGY, MASS, PX, PY, PZ, VX, VY, VZ
from zdcsim.geometry import Calorimeter
from zdcsim.montecarlo import fermi, glauber
from zdcsim.montecarlo.arrival import reaches
from zdcsim.montecarlo.primaries import Primaries, gathered
from zdcsim.montecarlo.species import species
from zdcsim.optics import Machine, lead_machine

NUCLEAR_MASS_GEV = 193.687
"""Mass of the nucleus of 208Pb, without its electrons."""
NEUTRON, PROTON = 2112, 2212
STABLE_CM = np.inf


@dataclass(frozen=True)
class Spectators:
    """Which spectators are made.

    Arguments:
        energy_per_nucleon_gev: Of the beam.
        centrality: Range, per cent of the hadronic cross section.
        events: All spectators of this many collisions; 0 takes as many collisions as the number of
            primaries needs, and cuts the last one short.
        freed_per_collided: Free nucleons for every one that collided, at most all that did not.
        vertex_sigma_cm: Spread of the luminous region along x, y and z.
    """

    energy_per_nucleon_gev: float = 2680.0
    centrality: tuple[float, float] = (0.0, 100.0)
    events: int = 0
    freed_per_collided: float = 2.7
    vertex_sigma_cm: tuple[float, float, float] = (0.002, 0.002, 5.0)

    @property
    def machine(self) -> Machine:
        """The magnets on the way, set to the lead beam."""
        return lead_machine(self.energy_per_nucleon_gev)

    def record(self) -> dict[str, object]:
        """What a file stores of the source."""
        return {
            "name": "pbpb",
            "generator": "Glauber with Woods-Saxon nuclei, abrasion and evaporation, Fermi motion",
            **asdict(self),
            "centrality": list(self.centrality),
            "vertex_sigma_cm": list(self.vertex_sigma_cm),
        }

    def primaries(
        self, hits: int, misses: int, calorimeter: Calorimeter, seed: int
    ) -> tuple[Primaries, Primaries]:
        """Spectators that reach the face, and others that do not.

        Arguments:
            hits: How many that reach; with `events`, how many there may be.
            misses: How many that do not.
            calorimeter: Whose face; both sides count.
            seed: Seed of the collisions and the motion.

        Raises:
            ValueError: If the collisions asked for have more than `hits` that reach.
        """
        rng = np.random.default_rng([seed, 2])
        numbers = range(self.events) if self.events else itertools.count()
        batches = (self._judged(number, calorimeter, rng) for number in numbers)
        if not self.events:
            return gathered(batches, hits, misses)
        reached, missed = gathered(batches, hits + 1, misses)
        if len(reached) > hits:
            fit = reached.event[hits]
            raise ValueError(
                f"only {fit} of {self.events} collisions fit into a sample of at most {hits} "
                "primaries; ask for fewer --events, and for the rest with another --seed"
            )
        return reached, missed

    def _judged(
        self, number: int, calorimeter: Calorimeter, rng: np.random.Generator
    ) -> tuple[Primaries, NDArray[np.bool_]]:
        pdg, conditions = self.event(rng)
        arrive = reaches(conditions, np.full(len(pdg), STABLE_CM), calorimeter, self.machine)
        event = np.full(len(pdg), number, np.int64)
        return Primaries(pdg, conditions.astype(np.float32), event), arrive

    def neutrons(
        self, events: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Centralities of collisions, and how many spectator neutrons fly free.

        Arguments:
            events: Number of collisions, E.
            rng: What draws them.

        Returns:
            Centrality, per cent, shape (E,); neutrons towards A and C, shape (E, 2).
        """
        overlap = glauber.collide(events, self.centrality, rng)
        left = glauber.MASS_NUMBER - overlap.participants
        free = np.minimum(left, np.rint(self.freed_per_collided * overlap.participants).astype(int))
        found = rng.hypergeometric(overlap.neutrons, overlap.protons, free)
        return glauber.centrality(overlap.impact_fm), found

    def event(self, rng: np.random.Generator) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Codes and conditions of the free spectators of one collision, on both sides."""
        overlap = glauber.collide(1, self.centrality, rng)
        vertex = rng.normal(0, self.vertex_sigma_cm)
        sides = [
            self._free(
                int(overlap.participants[0, side]),
                int(overlap.protons[0, side]),
                direction,
                vertex,
                rng,
            )
            for side, direction in ((0, 1.0), (1, -1.0))
        ]
        return np.concatenate([s[0] for s in sides]), np.concatenate([s[1] for s in sides])

    def _free(
        self,
        collided: int,
        protons: int,
        direction: float,
        vertex: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        left = glauber.MASS_NUMBER - collided
        free = min(left, round(self.freed_per_collided * collided))
        pdg = np.repeat(np.array([PROTON, NEUTRON], np.int32), [protons, left - protons])
        pdg = rng.permutation(pdg)[:free]
        mass = np.where(pdg == PROTON, species(PROTON).mass_mev, species(NEUTRON).mass_mev)
        gamma = self.energy_per_nucleon_gev * glauber.MASS_NUMBER / NUCLEAR_MASS_GEV
        still = fermi.momenta(free, glauber.MASS_NUMBER, rng)
        conditions = np.empty((free, 9))
        conditions[:, [VX, VY, VZ]] = vertex
        conditions[:, [PX, PY, PZ]] = fermi.boosted(still, mass / 1000, gamma)
        conditions[:, PZ] *= direction
        conditions[:, ENERGY] = np.hypot(
            np.linalg.norm(conditions[:, [PX, PY, PZ]], axis=1), mass / 1000
        )
        conditions[:, MASS], conditions[:, CHARGE] = mass, np.where(pdg == PROTON, 3, 0)
        return pdg, conditions
