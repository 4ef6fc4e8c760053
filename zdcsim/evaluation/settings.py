"""The choices that a judgement depends on; all of them are written into its result."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from zdcsim.channels import CONVENTIONS, Convention
from zdcsim.geometry import Calorimeter

Floor = Literal["copies", "particles"]
Rounding = Literal["o2", "none"]
Split = Literal["particle", "random"]
By = Literal["species", "energy"]

EVERY_ENERGY = (0.0, 300.0, 1000.0, 2000.0, 7000.0)
BENT_ENERGIES = (0.0, 2500.0, 3000.0, 3500.0, 7000.0)
"""GeV; D1 bends into the ZP what has a fifth to a bit over a half of a 7 TeV beam's momentum."""


def energy_edges(calorimeter: Calorimeter) -> tuple[float, ...]:
    """Edges of energy bins, GeV, that all hold particles of pp collisions at 14 TeV."""
    return BENT_ENERGIES if calorimeter.name == "ZP" else EVERY_ENERGY


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How generated responses are judged.

    Arguments:
        conventions: Channel conventions to report.
        energy_edges: Edges of the energy bins, GeV, ascending; see also `energy_edges`.
        by: Conditions whose bins are judged apart.
        fewest_in_bin: A bin with fewer responses is not judged.
        fewest_particles: Nor is one with fewer particles.
        floor: Halves of the Monte Carlo for its own distance: of the `copies` of every particle,
            or of the `particles`. The second also contains the difference between particles, so
            its floor is higher and its ratio lower.
        floor_repetitions: Random divisions into halves.
        rounding: `o2` cuts generated counts to whole numbers as O2 does; `none` leaves them. A
            bundle of this project rounds inside its graph, so that both are the same for it.
        split: What the held-out sample was separated from the training sample by: unique
            `particle`, or the literature's `random` rows, which puts copies of the same particle
            on both sides. Recorded, not used.
        measures: Also take the measures of `likeness` that train no classifier.
        likeness: Also take all measures of `likeness`, with the classifiers.
        seed: Of the halves and of the pairing of Monte Carlo copies.

    Raises:
        ValueError: If a choice is impossible.
    """

    conventions: tuple[Convention, ...] = CONVENTIONS
    energy_edges: tuple[float, ...] = EVERY_ENERGY
    by: tuple[By, ...] = get_args(By)
    fewest_in_bin: int = 100
    fewest_particles: int = 3
    floor: Floor = "copies"
    floor_repetitions: int = 20
    rounding: Rounding = "o2"
    split: Split = "particle"
    measures: bool = False
    likeness: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        unknown = set(self.conventions) - set(CONVENTIONS)
        if unknown or not self.conventions:
            raise ValueError(
                f"channel conventions must be some of {', '.join(CONVENTIONS)}; "
                f"got {', '.join(self.conventions) or 'none'}"
            )
        if unknown_by := set(self.by) - set(get_args(By)):
            raise ValueError(
                f"responses are judged by {' and '.join(get_args(By))}; "
                f"got {', '.join(sorted(unknown_by))}"
            )
        edges = self.energy_edges
        if len(edges) < 2 or not all(low < high for low, high in pairwise(edges)):
            raise ValueError(f"energy edges must ascend and be two at least; got {edges}")
        if self.fewest_particles < 2:
            raise ValueError(
                "errors of a bin are those of the draw of its particles: fewest_particles must be "
                f"two at least; got {self.fewest_particles}"
            )
        if self.floor_repetitions < 2:
            raise ValueError(
                f"a spread needs two divisions into halves at least; got {self.floor_repetitions}"
            )
