"""Primaries of proton-proton collisions at 14 TeV that fly straight to the calorimeters.

Sibyll 2.3d generates the events (through chromo). Neutral particles are followed on a straight line
from their vertex; those that decay before the front face are dropped, with their decay products.
Charged particles never reach the ZN: the separation dipole bends them away, so among the misses
they count as leaving no light. Crossing angle and beam divergence are zero.

Source: F. Riehn et al., Phys. Rev. D 102 (2020) 063002 (Sibyll 2.3d).
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, ENERGY, MASS, PX, PY, PZ, VX, VY, VZ, impact
from zdcsim.geometry import Calorimeter
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.montecarlo.species import species

if TYPE_CHECKING:
    from chromo.common import EventData
    from chromo.models import Sibyll23d

SQRT_S_GEV = 14000.0
INVISIBLE = (12, 14, 16)
EVENTS_AT_ONCE = 200


@dataclass(frozen=True)
class Collisions:
    """Which particles of the collisions are kept.

    Arguments:
        vertex_sigma_cm: Spread of the luminous region along x, y and z. The default is a round
            number typical of ALICE in Run 3, not a measurement.
        energy_min_gev: Particles below leave no light worth simulating.
    """

    vertex_sigma_cm: tuple[float, float, float] = (0.002, 0.002, 5.0)
    energy_min_gev: float = 1.0

    def primaries(
        self, hits: int, misses: int, calorimeter: Calorimeter, seed: int
    ) -> tuple[Primaries, Primaries]:
        """The first particles that reach the face, and the first that do not.

        Arguments:
            hits: How many neutral particles that reach the front face undecayed.
            misses: How many others, of any charge and direction, from the same collisions.
            calorimeter: Whose face; both sides count.
            seed: Seed of the generator, the vertices and the decays.
        """
        reached, missed = _Collected(hits), _Collected(misses)
        for pdg, conditions, decay in self._particles(seed):
            reaches = _reaches(conditions, decay, calorimeter)
            reached.add(pdg[reaches], conditions[reaches])
            missed.add(pdg[~reaches], conditions[~reaches])
            if reached.full and missed.full:
                break
        return reached.primaries(), missed.primaries()

    def _particles(
        self, seed: int
    ) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]]:
        """Codes, conditions and proper decay lengths (cm) of a few hundred events at a time."""
        rng = np.random.default_rng([seed, 1])
        generator = _sibyll(seed)
        while True:
            with _silent():
                events = [self._event(event, rng) for event in generator(EVENTS_AT_ONCE)]
            pdg = np.concatenate([codes for codes, _ in events])
            conditions = np.concatenate([values for _, values in events])
            ctau = np.array([species(int(code)).ctau_cm for code in pdg])
            yield pdg, conditions, rng.exponential(size=len(pdg)) * ctau

    def _event(
        self, event: "EventData", rng: np.random.Generator
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        final = event.final_state()
        kept = (final.en > self.energy_min_gev) & ~np.isin(np.abs(final.pid), INVISIBLE)
        pdg = final.pid[kept].astype(np.int32)
        conditions = np.empty((len(pdg), 9))
        conditions[:, [VX, VY, VZ]] = rng.normal(0, self.vertex_sigma_cm)
        conditions[:, PX], conditions[:, PY] = final.px[kept], final.py[kept]
        conditions[:, PZ] = final.pz[kept]
        kinds = [species(int(code)) for code in pdg]
        conditions[:, MASS] = [kind.mass_mev for kind in kinds]
        conditions[:, CHARGE] = [kind.charge_thirds for kind in kinds]
        # Sibyll's masses differ from the PDG's in the last digits: keep energy and mass consistent.
        momentum = conditions[:, [PX, PY, PZ]]
        conditions[:, ENERGY] = np.hypot(
            np.linalg.norm(momentum, axis=1), conditions[:, MASS] / 1000
        )
        return pdg, conditions


@dataclass
class _Collected:
    """Particles gathered until there are enough."""

    wanted: int
    pdg: list[NDArray[np.int32]] = field(default_factory=list)
    conditions: list[NDArray[np.float64]] = field(default_factory=list)
    found: int = 0

    @property
    def full(self) -> bool:
        return self.found >= self.wanted

    def add(self, pdg: NDArray[np.int32], conditions: NDArray[np.float64]) -> None:
        if not self.full:
            self.pdg.append(pdg)
            self.conditions.append(conditions)
            self.found += len(pdg)

    def primaries(self) -> Primaries:
        if not self.pdg:
            return Primaries.none()
        pdg, conditions = np.concatenate(self.pdg), np.concatenate(self.conditions)
        return Primaries(pdg, conditions.astype(np.float32)).first(self.wanted)


def _reaches(
    conditions: NDArray[np.float64], decay: NDArray[np.float64], calorimeter: Calorimeter
) -> NDArray[np.bool_]:
    """Whether particles are neutral, aim at the face and live long enough to arrive."""
    x, y = impact(conditions, calorimeter).T
    momentum = np.linalg.norm(conditions[:, [PX, PY, PZ]], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # beta gamma = p / m; massless particles never decay and give infinity.
        decay_length = np.where(
            conditions[:, MASS] > 0, decay * 1000 * momentum / conditions[:, MASS], np.inf
        )
    reaches: NDArray[np.bool_] = (
        (conditions[:, CHARGE] == 0)
        & calorimeter.contains(x, y)
        & (decay_length > calorimeter.front_a)
    )
    return reaches


def _sibyll(seed: int) -> "Sibyll23d":
    from chromo.kinematics import CenterOfMass
    from chromo.models import Sibyll23d

    with _silent():
        return Sibyll23d(CenterOfMass(SQRT_S_GEV, "proton", "proton"), seed=seed)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what Sibyll's Fortran writes to standard output from the screen."""
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
