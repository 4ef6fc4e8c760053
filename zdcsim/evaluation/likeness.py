"""Everything that asks whether two samples follow one law in all their numbers together.

As in `floor`, the Monte Carlo is divided into halves A and B; each measure is taken of A against B
(floor) and of generated responses in the rows of A against the same B (model).

Axis key: N responses, F features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zdcsim.evaluation.coverage import coverage
from zdcsim.evaluation.features import FEATURES
from zdcsim.evaluation.floor import Comparison, Halves, comparison
from zdcsim.evaluation.physics_distance import (
    frechet_physics_distance,
    kernel_physics_distance,
    standardised,
)
from zdcsim.evaluation.quantities import Measured, Photons, blocks
from zdcsim.evaluation.separation import separation
from zdcsim.evaluation.two_sample import Level, told_apart
from zdcsim.response import Responses

DIVISIONS = 5
"""Divisions into halves; fewer than for distances, as classifiers are trained for each."""

UNITS = {
    "AUC, features": "",
    "JSD, features": "bits",
    "AUC, fibres": "",
    "JSD, fibres": "bits",
    "FPD": "",
    "KPD": "",
    "precision": "",
    "recall": "",
    "density": "",
    "coverage": "",
    **{f"separation, {name}": "" for name in FEATURES},
}


WITHOUT_RATIO = ("JSD, features", "JSD, fibres", "FPD", "KPD")
"""Of either sign for samples of one law: FPD and KPD are without bias; a JSD is what a classifier
found, a lower bound that chance takes below 0."""


@dataclass(frozen=True)
class Side:
    """One of the two samples that are compared.

    Arguments:
        particle: Shape (N,).
        conditions: Shape (N, 9).
        channels: Sums of the leading convention, shape (N, 5).
        features: Shape (N, F), 0 where a response has none.
        fibres: log1p of the photo-electrons, shape (N, Nx * Ny); None leaves the fibres out.
    """

    particle: NDArray[np.int64]
    conditions: NDArray[np.float32]
    channels: NDArray[np.float64]
    features: NDArray[np.float64]
    fibres: NDArray[np.float32] | None

    def rows(self, rows: NDArray[np.integer]) -> "Side":
        """Those responses alone."""
        fibres = None if self.fibres is None else self.fibres[rows]
        return Side(
            self.particle[rows],
            self.conditions[rows],
            self.channels[rows],
            self.features[rows],
            fibres,
        )

    def inputs(self, level: Level) -> NDArray[np.float32]:
        """What a classifier of that level sees."""
        seen = [self.channels, self.features] if level == "features" else [self.fibres]
        return np.concatenate([*seen, self.conditions], axis=1).astype(np.float32)

    def numbers(self) -> NDArray[np.float64]:
        """Channels and features, shape (N, 5 + F)."""
        return np.concatenate([self.channels, self.features], axis=1)


def side(
    photons: Photons,
    measured: Measured,
    reference: Responses,
    convention: str,
    with_fibres: bool = True,
) -> Side:
    """A sample, in the rows of the reference, as it is compared."""
    fibres = None
    if with_fibres:
        parts = [np.log1p(images).reshape(len(images), -1) for _, images in blocks(photons)]
        fibres = np.concatenate(parts)
    return Side(
        reference.particle,
        reference.conditions,
        measured.group(convention),
        np.nan_to_num(measured.group("features")),
        fibres,
    )


def likeness(
    reference: Side,
    generated: Sequence[Side],
    divided: Sequence[Halves],
    seed: int = 1,
    classifiers: bool = True,
) -> dict[str, Comparison]:
    """Every measure with its floor.

    Arguments:
        reference: The Monte Carlo, N responses.
        generated: Repetitions of the generation, rows as in the reference.
        divided: Halves of the rows; the first `DIVISIONS` are used.
        seed: Of draws and classifiers.
        classifiers: Also train the classifiers, which takes most of the time.

    Raises:
        ValueError: If there are too few particles (than folds, for classifiers), or no halves.
    """
    if not divided:
        raise ValueError("measures of likeness need the Monte Carlo divided into halves")
    floors, models = [], []
    for k, (a, b) in enumerate(divided[:DIVISIONS]):
        half, candidate = reference.rows(b), generated[k % len(generated)].rows(a)
        floors.append(measures(reference.rows(a), half, seed + k, classifiers))
        models.append(measures(candidate, half, seed + k, classifiers))
    return {
        name: _compared(name, [each[name] for each in floors], [each[name] for each in models])
        for name in floors[0]
    }


def _compared(name: str, floor: Sequence[float], model: Sequence[float]) -> Comparison:
    found = comparison(UNITS[name], floor=floor, model=model, whole=model)
    return replace(found, ratio=None, ratio_spread=None) if name in WITHOUT_RATIO else found


def measures(a: Side, b: Side, seed: int, classifiers: bool = True) -> Mapping[str, float]:
    """Every measure of one sample against another, by the names of `UNITS`."""
    rng = np.random.default_rng(seed)
    found: dict[str, float] = {}
    levels: tuple[Level, ...] = ("features",) if a.fibres is None else ("features", "fibres")
    for level in levels if classifiers else ():
        told = told_apart(a.inputs(level), b.inputs(level), (a.particle, b.particle), level, seed)
        found[f"AUC, {level}"], found[f"JSD, {level}"] = told.auc, told.divergence
    ours, theirs = standardised(a.numbers(), b.numbers())
    found["FPD"] = frechet_physics_distance(ours, theirs, rng, (a.particle, b.particle))
    found["KPD"] = kernel_physics_distance(ours, theirs, (a.particle, b.particle))
    found |= asdict(coverage(ours, theirs))
    for column, name in enumerate(FEATURES):
        found[f"separation, {name}"] = separation(a.features[:, column], b.features[:, column])
    return found
