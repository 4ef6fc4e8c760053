"""How much a distance depends on which particles a sample happens to hold.

Particles, each with all its copies, are left out in `GROUPS` groups, one after the other, and all
distances are taken again with the same divisions into halves: the delete-a-group jackknife
(P. S. Kott, J. Off. Stat. 17 (2001) 521). No particle is in a sample twice, the divisions do not
change, and what is left of them in the error is what is in the number itself.

Axis key: N responses, P particles, G groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zdcsim.evaluation.floor import Comparison, Halves, defined_w1
from zdcsim.evaluation.quantities import Measured, Quantity

GROUPS = 20


@dataclass(frozen=True)
class DrawError:
    """Standard errors for another draw of the particles; None where a value is not finite.

    Arguments:
        floor: Of the Monte Carlo's distance to itself.
        model: Of the model's distance.
        ratio: Of their ratio.
    """

    floor: float | None
    model: float | None
    ratio: float | None


def distance_errors(
    reference: Measured,
    generated: Sequence[Measured],
    particle: NDArray[np.integer],
    divided: Sequence[Halves],
    rng: np.random.Generator,
) -> dict[str, dict[str, DrawError]]:
    """The error of every mean distance, by group and name as in `floor.by_group`.

    Arguments:
        reference: The Monte Carlo, N responses.
        generated: Repetitions of the generation, rows as in the reference.
        particle: Of every row, shape (N,); two at least.
        divided: Random halves of the rows, as in `floor.compare`.
        rng: Puts the particles into groups.
    """
    number = np.unique(particle, return_inverse=True)[1]
    particles = int(number.max()) + 1
    group = (rng.permutation(particles) % GROUPS)[number]
    groups = min(GROUPS, particles)
    floors, models = [], []
    for repetition, (a, b) in enumerate(divided):
        theirs = generated[repetition % len(generated)].values[a]
        second, of = reference.values[b], (group[a], group[b])
        floors.append(without_each(reference.values[a], second, *of, groups))
        models.append(without_each(theirs, second, *of, groups))
    below, above = (_with_means(np.mean(each, axis=0), reference) for each in (floors, models))
    found: dict[str, dict[str, DrawError]] = {}
    for quantity, floor in below.items():
        ratio = above[quantity] / np.where(floor > 0, floor, np.nan)
        error = DrawError(jackknifed(floor), jackknifed(above[quantity]), jackknifed(ratio))
        found.setdefault(quantity.group, {})[quantity.name] = error
    return found


def without_each(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    of_a: NDArray[np.integer],
    of_b: NDArray[np.integer],
    groups: int,
) -> NDArray[np.float64]:
    """Wasserstein distance of every column without each group of rows, shape (G, Q).

    Columns are sorted once: what is left of a sorted column is sorted.

    Arguments:
        a: Values, shape (N, Q); undefined ones are NaN.
        b: Of the other sample, shape (M, Q).
        of_a: Group of each row, shape (N,).
        of_b: Group of each row, shape (M,).
        groups: G.
    """
    columns, found = a.shape[1], np.empty((groups, a.shape[1]))
    undefined = np.isnan(a).any(axis=0) | np.isnan(b).any(axis=0)
    (ours, of_ours), (theirs, of_theirs) = _sorted(a, of_a), _sorted(b, of_b)
    for k in range(groups):
        left = ours[of_ours != k].reshape(columns, -1)
        right = theirs[of_theirs != k].reshape(columns, -1)
        one_by_one = undefined
        if left.shape == right.shape:
            found[k] = np.abs(left - right).mean(axis=1)
        else:
            one_by_one = np.ones(columns, bool)
        for column in np.flatnonzero(one_by_one):
            found[k, column] = defined_w1(left[column], right[column])
    return found


def _sorted(
    values: NDArray[np.float64], of: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.integer]]:
    """Columns in order, and the group of each of their values, shape (Q, N) each."""
    order = values.argsort(axis=0)
    return np.ascontiguousarray(np.take_along_axis(values, order, 0).T), of[order].T


def _with_means(
    distances: NDArray[np.float64], measured: Measured
) -> dict[Quantity, NDArray[np.float64]]:
    """Distances without each group, (G,), by quantity, with the means of `floor.distances`."""
    found = dict(zip(measured.quantities, distances.T, strict=True))
    for name in dict.fromkeys(q.group for q in measured.quantities if q.group != "features"):
        channels = [values for quantity, values in found.items() if quantity.group == name]
        found[Quantity(name, "mean", "photo-electrons")] = np.mean(channels, axis=0)
    return found


def jackknifed(values: NDArray[np.float64]) -> float | None:
    """Standard error of a number from its values without each group, (G,); None if not finite."""
    if len(values) < 2 or not np.isfinite(values).all():
        return None
    return float(np.sqrt((len(values) - 1) * values.var()))


def with_draw_errors(
    found: Mapping[str, Mapping[str, Comparison]], errors: Mapping[str, Mapping[str, DrawError]]
) -> dict[str, dict[str, Comparison]]:
    """Distances by group and name, each with the error of its ratio by the draw of particles."""
    return {
        group: {
            name: replace(each, ratio_drawn=errors[group][name].ratio)
            for name, each in named.items()
        }
        for group, named in found.items()
    }
