"""Distances to the Monte Carlo beside the distance of the Monte Carlo to itself.

A finite sample differs from another of the same law. This floor is measured: the Monte Carlo is
divided at random into halves A and B of equal make-up, floor = W(A, B). The model is judged at the
same sample size against the same B: model = W(G_A, B), where G_A holds one generated response for
every row of A. A perfect generator has ratio 1.

Axis key: N responses, R random divisions, U unique particles.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.evaluation.quantities import Measured, Quantity
from zdcsim.evaluation.settings import Floor, Settings
from zdcsim.wasserstein import w1

Halves = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over repetitions."""

    mean: float
    spread: float
    repetitions: int


@dataclass(frozen=True)
class Comparison:
    """One distance of the model to the Monte Carlo, with the floor.

    Arguments:
        unit: Of all distances here.
        floor: Monte Carlo half against Monte Carlo half.
        model: Generated half against Monte Carlo half, same sample size.
        ratio: Mean model over mean floor; 1 for a perfect generator.
        ratio_spread: Standard deviation of the ratio for a single division into halves. Divisions
            share their responses, so more of them do not make the ratio more certain without end.
            All are of the same particles.
        whole: Every repetition of the generation against all of the Monte Carlo.
        pooled: All repetitions as one sample against all of the Monte Carlo.
        ratio_drawn: Standard error of the ratio for another draw of the particles (`jackknife`);
            None where that was not taken, as in judgements written before it existed.
    """

    unit: str
    floor: Spread | None
    model: Spread | None
    ratio: float | None
    ratio_spread: float | None
    whole: Spread | None
    pooled: float | None
    ratio_drawn: float | None = None


def halves(particle: NDArray[np.integer], floor: Floor, rng: np.random.Generator) -> Halves:
    """Rows of two random halves of a sample.

    `copies`: half of the copies of every particle; of an odd number one copy, at random, is in
    neither. `particles`: all copies of half of the particles, of an odd number one is in neither.

    Raises:
        ValueError: If a particle has a single copy, or there is a single particle.
    """
    unique, index, copies = np.unique(particle, return_inverse=True, return_counts=True)
    if floor == "particles":
        if len(unique) < 2:
            raise ValueError("a floor from halves of the particles needs two particles at least")
        return _halves_of_particles(index, len(unique), rng)
    if copies.min() < 2:
        raise ValueError(
            f"particle {unique[copies.argmin()]} has 1 copy; a floor from halves of the copies "
            f"needs 2 of every particle: simulate with --copies, or choose --floor particles"
        )
    rank = rank_in_particle(index, rng)
    half = copies[index] // 2
    return np.flatnonzero(rank < half), np.flatnonzero((rank >= half) & (rank < 2 * half))


def rank_in_particle(
    particle: NDArray[np.integer], rng: np.random.Generator | None = None
) -> NDArray[np.int64]:
    """Place of every row among the copies of its particle, 0 first; in random order with `rng`."""
    tie = np.arange(len(particle)) if rng is None else rng.random(len(particle))
    order = np.lexsort((tie, particle))
    ordered = particle[order]
    first = np.searchsorted(ordered, ordered, side="left")
    rank = np.empty(len(particle), dtype=np.int64)
    rank[order] = np.arange(len(particle)) - first
    return rank


def _halves_of_particles(
    index: NDArray[np.integer], unique: int, rng: np.random.Generator
) -> Halves:
    place = rng.permutation(unique)[index]
    half = unique // 2
    return np.flatnonzero(place < half), np.flatnonzero((place >= half) & (place < 2 * half))


def divisions(particle: NDArray[np.integer], settings: Settings) -> list[Halves]:
    """The random halves of a sample that the settings ask for."""
    return [
        halves(particle, settings.floor, np.random.default_rng([settings.seed, repetition]))
        for repetition in range(settings.floor_repetitions)
    ]


def distances(a: Measured, b: Measured) -> dict[Quantity, float]:
    """Wasserstein distance in every quantity, and its mean over the channels of each convention.

    Undefined values are left out; where none is left on a side the distance is NaN.
    """
    found = {
        quantity: defined_w1(a.values[:, column], b.values[:, column])
        for column, quantity in enumerate(a.quantities)
    }
    for group in dict.fromkeys(q.group for q in a.quantities if q.group != "features"):
        channels = [distance for quantity, distance in found.items() if quantity.group == group]
        found[Quantity(group, "mean", "photo-electrons")] = float(np.mean(channels))
    return found


def defined_w1(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Wasserstein distance of the values that are defined; NaN where a side has none."""
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    return w1(a, b) if len(a) and len(b) else float("nan")


def spread(values: Sequence[float] | NDArray[np.float64]) -> Spread | None:
    """Mean and standard deviation; None if a value is not finite, spread 0 for a single one."""
    found = np.asarray(values, dtype=np.float64)
    if not np.isfinite(found).all():
        return None
    deviation = float(found.std(ddof=1)) if len(found) > 1 else 0.0
    return Spread(float(found.mean()), deviation, len(found))


def ratio(model: Sequence[float], floor: Sequence[float]) -> tuple[float | None, float | None]:
    """Ratio of the means of R paired values, and its standard deviation for one pair.

    The deviation is that of model - ratio * floor over the mean floor (delta method), so that the
    half B common to both counts as common. None for both where a value is undefined or the floor
    is not above 0.
    """
    above, below = np.asarray(model), np.asarray(floor)
    if not np.isfinite([above, below]).all() or below.mean() <= 0:
        return None, None
    found = above.mean() / below.mean()
    return float(found), float((above - found * below).std(ddof=1) / below.mean())


def paired_distances(
    reference: Measured, generated: Sequence[Measured], divided: Sequence[Halves]
) -> tuple[list[dict[Quantity, float]], list[dict[Quantity, float]]]:
    """Of each division the floor's distances and the model's; arguments of `compare`."""
    floors, models = [], []
    for repetition, (a, b) in enumerate(divided):
        half = reference.select(b)
        floors.append(distances(reference.select(a), half))
        models.append(distances(generated[repetition % len(generated)].select(a), half))
    return floors, models


def compare(
    reference: Measured,
    generated: Sequence[Measured],
    divided: Sequence[Halves],
) -> dict[Quantity, Comparison]:
    """Every distance with its floor.

    Arguments:
        reference: Quantities of the Monte Carlo, N responses.
        generated: Those of each repetition of the generation, rows as in the reference.
        divided: Random halves of the reference's rows; division r is judged with repetition
            r modulo the number of repetitions.
    """
    floors, models = paired_distances(reference, generated, divided)
    wholes = [distances(each, reference) for each in generated]
    together = Measured(reference.quantities, np.concatenate([each.values for each in generated]))
    pooled = distances(together, reference)
    return {
        quantity: comparison(
            quantity.unit,
            floor=[each[quantity] for each in floors],
            model=[each[quantity] for each in models],
            whole=[each[quantity] for each in wholes],
            pooled=pooled[quantity],
        )
        for quantity in pooled
    }


def comparison(
    unit: str,
    *,
    floor: Sequence[float],
    model: Sequence[float],
    whole: Sequence[float],
    pooled: float = float("nan"),
) -> Comparison:
    """Repetitions of one distance, summarised; empty floor and model where there is none."""
    between = ratio(model, floor) if len(floor) else (None, None)
    return Comparison(
        unit=unit,
        floor=spread(floor) if len(floor) else None,
        model=spread(model) if len(model) else None,
        ratio=between[0],
        ratio_spread=between[1],
        whole=spread(whole),
        pooled=pooled if np.isfinite(pooled) else None,
    )


def by_group(found: dict[Quantity, Comparison]) -> dict[str, dict[str, Comparison]]:
    """Comparisons by group and name; the mean over channels first."""
    grouped: dict[str, dict[str, Comparison]] = {}
    for quantity in sorted(found, key=lambda quantity: quantity.name != "mean"):
        grouped.setdefault(quantity.group, {})[quantity.name] = found[quantity]
    return grouped
