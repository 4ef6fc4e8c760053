"""How much a distance depends on which particles a sample happens to hold.

The particles are drawn anew with replacement, each with all its copies, and the distances of one
division into halves are taken again (B. Efron, Ann. Stat. 7 (1979) 1; of clusters, as copies of one
particle are not independent). The standard deviation over the draws is the error; it also holds
what a single division adds.

Axis key: N responses, P particles, R draws.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zdcsim.evaluation.floor import Comparison, Halves, distances, ratio
from zdcsim.evaluation.quantities import Measured

DRAWS = 50


@dataclass(frozen=True)
class DrawError:
    """Standard deviations over draws of the particles; None where a draw has no value.

    Arguments:
        floor: Of the Monte Carlo's distance to itself.
        model: Of the model's distance.
        ratio: Of their ratio, by the delta method.
    """

    floor: float | None
    model: float | None
    ratio: float | None


def drawn_rows(
    particle: NDArray[np.integer], rng: np.random.Generator, draws: int = DRAWS
) -> Iterator[NDArray[np.int64]]:
    """Rows of as many particles as there are, drawn with replacement, R times."""
    index = np.unique(particle, return_inverse=True)[1]
    order = np.argsort(index, kind="stable")
    rows_of = np.split(order, np.cumsum(np.bincount(index))[:-1])
    for _ in range(draws):
        chosen = rng.integers(len(rows_of), size=len(rows_of))
        yield np.concatenate([rows_of[k] for k in chosen])


def distance_errors(
    reference: Measured,
    generated: Sequence[Measured],
    particle: NDArray[np.integer],
    divided: Sequence[Halves],
    rng: np.random.Generator,
) -> dict[str, dict[str, DrawError]]:
    """The error of every distance, by group and name as in `floor.by_group`.

    Arguments:
        reference: The Monte Carlo, N responses.
        generated: Repetitions of the generation, rows as in the reference.
        particle: Of every row, shape (N,).
        divided: Random halves of the rows; draw r takes division r modulo their number.
        rng: Of the draws.
    """
    floors, models = [], []
    for draw, rows in enumerate(drawn_rows(particle, rng)):
        first, second = (np.isin(rows, half) for half in divided[draw % len(divided)])
        a, b = rows[first], reference.select(rows[second])
        floors.append(distances(reference.select(a), b))
        models.append(distances(generated[draw % len(generated)].select(a), b))
    found: dict[str, dict[str, DrawError]] = {}
    for quantity in floors[0]:
        below, above = ([each[quantity] for each in many] for many in (floors, models))
        error = DrawError(deviation(below), deviation(above), ratio(above, below)[1])
        found.setdefault(quantity.group, {})[quantity.name] = error
    return found


def with_bootstrap(
    found: Mapping[str, Mapping[str, Comparison]], errors: Mapping[str, Mapping[str, DrawError]]
) -> dict[str, dict[str, Comparison]]:
    """Distances by group and name, each with the error of its ratio by the draw of particles."""
    return {
        group: {
            name: replace(each, ratio_bootstrap=errors[group][name].ratio)
            for name, each in named.items()
        }
        for group, named in found.items()
    }


def deviation(values: Sequence[float]) -> float | None:
    """Standard deviation of the draws; None if one of them is not finite."""
    found = np.asarray(values, dtype=np.float64)
    return float(found.std(ddof=1)) if np.isfinite(found).all() else None
