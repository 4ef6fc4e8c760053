"""Primaries of proton-proton collisions at 14 TeV that reach the calorimeters.

Sibyll 2.3d generates the events (through chromo). Particles that decay before the front face are
dropped, with their decay products. Crossing angle and beam divergence are zero.

Source: F. Riehn et al., Phys. Rev. D 102 (2020) 063002 (Sibyll 2.3d).
"""

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, ENERGY, MASS, PX, PY, PZ, VX, VY, VZ
from zdcsim.geometry import Calorimeter
from zdcsim.montecarlo.arrival import arrival, reaches
from zdcsim.montecarlo.impacts import Impacts, chosen
from zdcsim.montecarlo.primaries import Batch, Primaries, gathered
from zdcsim.montecarlo.species import species
from zdcsim.optics import Machine

if TYPE_CHECKING:
    from chromo.common import EventData
    from chromo.models import Sibyll23d

SQRT_S_GEV = 14000.0
BEAM_MOMENTUM_GEV = SQRT_S_GEV / 2
Optics = Literal["linear", "neutral"]
INVISIBLE = (12, 14, 16)
EVENTS_AT_ONCE = 200


@dataclass(frozen=True)
class Collisions:
    """Which particles of the collisions are kept.

    Arguments:
        vertex_sigma_cm: Spread of the luminous region along x, y and z. The default is a round
            number typical of ALICE in Run 3, not a measurement.
        energy_min_gev: Particles below leave no light worth simulating.
        optics: `linear` carries every particle through magnets and apertures. `neutral` takes
            neutral particles on a straight line and counts charged ones as misses, which is how the
            first ZN samples were made; on the ZN's face it loses 1 per cent, protons of large
            transverse momentum.
        impacts: Where on the face they hit.
    """

    vertex_sigma_cm: tuple[float, float, float] = (0.002, 0.002, 5.0)
    energy_min_gev: float = 1.0
    optics: Optics = "neutral"
    impacts: Impacts = "all"

    @property
    def machine(self) -> Machine | None:
        """The magnets on the way, if they are simulated."""
        return Machine(BEAM_MOMENTUM_GEV) if self.optics == "linear" else None

    def record(self) -> dict[str, object]:
        """What a file stores of the source; nothing of impacts if they were not chosen."""
        settings = asdict(self)
        if self.impacts == "all":
            del settings["impacts"]
        return {
            "name": "pp14tev",
            "generator": f"Sibyll 2.3d (chromo {version('chromo')})",
            "sqrt_s_gev": SQRT_S_GEV,
            **settings,
            "vertex_sigma_cm": list(self.vertex_sigma_cm),
        }

    def primaries(
        self, hits: int, misses: int, calorimeter: Calorimeter, seed: int
    ) -> tuple[Primaries, Primaries]:
        """The first particles that reach the face, and the first that do not.

        Arguments:
            hits: How many that reach the front face undecayed.
            misses: How many others, of any charge and direction, from the same collisions.
            calorimeter: Whose face; both sides count.
            seed: Seed of the generator, the vertices and the decays.

        Raises:
            ValueError: If neutral particles alone are asked for off the beam axis, where the
                magnets are in their way.
        """
        if self.optics == "neutral" and calorimeter.centre_x != 0:
            raise ValueError(
                f"no neutral particle passes the magnets to the {calorimeter.name}, "
                f"{calorimeter.centre_x} cm off the beam; use linear optics"
            )
        return gathered(self._batches(calorimeter, seed), hits, misses)

    def _batches(self, calorimeter: Calorimeter, seed: int) -> Iterator[Batch]:
        """Particles and whether they reach the face, less those that hit where none is wanted."""
        for particles, conditions, decay in self._particles(seed):
            reach = reaches(conditions, decay, calorimeter, self.machine)
            wanted = ~reach
            at = arrival(conditions[reach], calorimeter, self.machine)
            wanted[reach] = chosen(self.impacts, at, calorimeter)
            yield particles.select(wanted), reach[wanted]

    def _particles(
        self, seed: int
    ) -> Iterator[tuple[Primaries, NDArray[np.float64], NDArray[np.float64]]]:
        """Particles, their unrounded conditions and proper decay lengths (cm), by many events."""
        rng = np.random.default_rng([seed, 1])
        generator = _sibyll(seed)
        for start in itertools.count(0, EVENTS_AT_ONCE):
            with _silent():
                events = [self._event(event, rng) for event in generator(EVENTS_AT_ONCE)]
            pdg = np.concatenate([codes for codes, _ in events])
            conditions = np.concatenate([values for _, values in events])
            number = start + np.repeat(np.arange(len(events)), [len(codes) for codes, _ in events])
            ctau = np.array([species(int(code)).ctau_cm for code in pdg])
            particles = Primaries(pdg, conditions.astype(np.float32), number.astype(np.int64))
            yield particles, conditions, rng.exponential(size=len(pdg)) * ctau

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
