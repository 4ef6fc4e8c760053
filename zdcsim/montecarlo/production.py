"""A production: what to simulate, and everything that determines its showers."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from zdcsim.geometry import Calorimeter
from zdcsim.light import cherenkov, fibre, photo_electrons
from zdcsim.light.coupling import ALICE_PHOTO_ELECTRONS_PER_TEV, calibration, not_calibrated
from zdcsim.montecarlo import datasets
from zdcsim.montecarlo.settings import Transport
from zdcsim.montecarlo.source import Source
from zdcsim.montecarlo.standin import generate
from zdcsim.response import MOST_FIBRES, REUSE
from zdcsim.shower_physics import (
    DATA_KIND,
    GEANT4,
    GROOVES,
    LIGHT,
    TRANSPORT,
    Grooves,
    ShowerPhysics,
)

IDENTIFIERS_PER_SEED = 1_000_000
LARGEST_SEED = REUSE // IDENTIFIERS_PER_SEED - 1
Shower = tuple[int, int]
"""Index of the particle and number of the copy."""


@dataclass(frozen=True)
class Production:
    """What to simulate.

    Arguments:
        calorimeter: The detector.
        source: Where the primaries come from.
        particles: Number of different primaries; where the source makes whole events, how many
            there may be.
        copies: Independent showers of each.
        missed: Primaries that do not reach the calorimeter, stored as conditions only.
        seed: Seed of everything, up to `LARGEST_SEED`.
        transport: Geant4 cuts.
        geant4_data: Folder of the Geant4 data sets.
        margin: Columns and rows of fibres that the block has more on each side, for a shower
            library (`library.py`); primaries are the same.
        grooves: What is in the grooves around the fibres.
    """

    calorimeter: Calorimeter
    source: Source
    particles: int
    copies: int
    missed: int
    seed: int
    transport: Transport
    geant4_data: Path
    margin: int = 0
    grooves: Grooves = "air"

    def __post_init__(self) -> None:
        if not 0 < self.particles <= IDENTIFIERS_PER_SEED or self.copies < 1 or self.missed < 0:
            raise ValueError(
                f"a production needs 1 to {IDENTIFIERS_PER_SEED} particles and at least 1 copy; "
                f"got {self.particles} particles, {self.copies} copies, {self.missed} missed"
            )
        if self.seed < 0 or self.margin < 0:
            raise ValueError(
                f"seed and margin must not be negative; got {self.seed} and {self.margin}"
            )
        if self.seed > LARGEST_SEED:
            raise ValueError(
                f"seed {self.seed} is too large: identifiers of particles hold it, and those above "
                f"mark re-used showers; choose one up to {LARGEST_SEED}"
            )
        if self.block.nx * self.block.ny > MOST_FIBRES:
            raise ValueError(
                f"a margin of {self.margin} makes {self.block.nx} x {self.block.ny} fibres; at "
                f"most {MOST_FIBRES} can be numbered"
            )

    @property
    def block(self) -> Calorimeter:
        """What Geant4 builds."""
        return self.calorimeter.widened(self.margin)

    @property
    def tables(self) -> datasets.DataKind:
        """Whether the Geant4 data sets are the official ones or stand-ins."""
        return datasets.kind(self.geant4_data)

    @property
    def physics(self) -> ShowerPhysics:
        """What decides over the light of a shower."""
        return self.transport.physics(self.grooves)

    def warning(self) -> str:
        """What is to be known of the light before hours are spent on it; empty if nothing is.

        Raises:
            ValueError: If nothing like this has been calibrated.
        """
        other = not_calibrated(self.calorimeter, self.physics)
        if not other:
            return ""
        return (
            f"the light is not calibrated for these cuts: {other}; its scale is not that of "
            f"ALICE's {ALICE_PHOTO_ELECTRONS_PER_TEV[self.calorimeter.name]:g} photo-electrons per "
            "TeV"
        )

    def record(self) -> dict[str, object]:
        """Everything that determines the responses, as stored in the file."""
        return {
            DATA_KIND: GEANT4,
            "geant4_data": self.tables,
            "geant4": f"11.4.1 (geant4-pybind {version('geant4-pybind')})",
            "calorimeter": self.calorimeter.name,
            "source": self.source.record(),
            "particles": self.particles,
            "copies": self.copies,
            "missed": self.missed,
            "margin": self.margin,
            "seed": self.seed,
            "reused_showers": False,
            TRANSPORT: self.transport.record(),
            GROOVES: self.grooves,
            LIGHT: light_record(self.calorimeter, self.physics),
        }


def light_record(calorimeter: Calorimeter, physics: ShowerPhysics) -> dict[str, object]:
    """The constants of the light model, and how the coupling was measured if it was."""
    calibrated, other = calibration(calorimeter, physics), not_calibrated(calorimeter, physics)
    measured: dict[str, object] = {
        "coupling_relative_error": calibrated.relative_error,
        "calibrated_to_photo_electrons_per_tev": ALICE_PHOTO_ELECTRONS_PER_TEV[calorimeter.name],
    }
    return {
        "refractive_index": cherenkov.REFRACTIVE_INDEX,
        "wavelength_nm": [cherenkov.WAVELENGTH_MIN_NM, cherenkov.WAVELENGTH_MAX_NM],
        "numerical_aperture": fibre.NUMERICAL_APERTURE,
        "attenuation_length_mm": fibre.ATTENUATION_LENGTH_MM,
        "quantum_efficiency": photo_electrons.QUANTUM_EFFICIENCY,
        "coupling": calibrated.coupling,
        **({"calibration": f"not calibrated for these cuts: {other}"} if other else measured),
    }


def shower_seeds(seed: int, shower: Shower) -> tuple[int, np.random.Generator]:
    """Seed of Geant4's engine (below 2^31) and generator of the photo-electrons of one shower.

    Of n showers n^2 / 2^32 pairs share the engine's seed by chance, six of 160 000, which matters
    only if their primaries are the same, as those of a gun at one point.
    """
    engine, light = np.random.SeedSequence([seed, *shower]).spawn(2)
    return int(engine.generate_state(1)[0] >> 1), np.random.default_rng(light)


def geant4_folder(kind: str) -> Path:
    """Folder of Geant4's data sets: `official`, `stand-in`, or `auto` for official if there are.

    Raises:
        ValueError: If official data are asked for and not found.
    """
    official = None if kind == "stand-in" else datasets.official_folder()
    if official is not None:
        return official
    if kind == "official":
        raise ValueError(
            "no official Geant4 11.4 data sets found; set GEANT4_DATA_DIR to the folder that holds "
            f"{', '.join(datasets.FOLDERS.values())}, with level schemes "
            f"({datasets.LEVELS}), or use --geant4-data stand-in"
        )
    return generate.ensure(datasets.stand_in_folder())
