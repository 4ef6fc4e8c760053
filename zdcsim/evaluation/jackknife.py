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

from zdcsim.evaluation.floor import Comparison, Halves, paired_distances
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
    left: list[dict[Quantity, tuple[float, float]]] = []
    for k in range(min(GROUPS, particles)):
        kept = group != k
        halves = [(a[kept[a]], b[kept[b]]) for a, b in divided]
        floors, models = paired_distances(reference, generated, halves)
        left.append({q: (_mean(floors, q), _mean(models, q)) for q in floors[0]})
    found: dict[str, dict[str, DrawError]] = {}
    for quantity in left[0]:
        below, above = np.array([each[quantity] for each in left]).T
        ratio = above / np.where(below > 0, below, np.nan)
        error = DrawError(jackknifed(below), jackknifed(above), jackknifed(ratio))
        found.setdefault(quantity.group, {})[quantity.name] = error
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


def _mean(distances: Sequence[Mapping[Quantity, float]], quantity: Quantity) -> float:
    return float(np.mean([each[quantity] for each in distances]))
