"""Generated responses from a file, put beside the Monte Carlo responses of the same particles."""

import numpy as np
from numpy.typing import NDArray

from zdcsim.evaluation.floor import rank_in_particle
from zdcsim.response import Responses


def repetitions(reference: Responses, generated: Responses) -> list[Responses]:
    """Generated responses in the rows of the reference.

    Rows are matched by particle and by their order within the particle. A file with k times as
    many responses of every particle as the reference makes k repetitions.

    Arguments:
        reference: The Monte Carlo, N responses.
        generated: Responses of the same particles.

    Returns:
        k times N responses, sparse.

    Raises:
        ValueError: If calorimeter, particles, their numbers of responses or their conditions
            differ.
    """
    if reference.calorimeter != generated.calorimeter:
        raise ValueError(
            f"the reference holds {reference.calorimeter.name} and the generated file "
            f"{generated.calorimeter.name} responses; both must be of one calorimeter"
        )
    times = _times(reference.particle, generated.particle)
    order = np.lexsort((rank_in_particle(generated.particle), generated.particle))
    index, copies = np.unique(reference.particle, return_inverse=True, return_counts=True)[1:]
    first = times * (np.cumsum(copies) - copies)[index] + rank_in_particle(index)
    rows = [order[first + time * copies[index]] for time in range(times)]
    for chosen in rows:
        _check_conditions(reference, generated, chosen)
    return [generated.select(chosen) for chosen in rows]


def _times(reference: NDArray[np.integer], generated: NDArray[np.integer]) -> int:
    """How many generated responses there are for each of the reference, as most particles have."""
    ours, wanted = np.unique(reference, return_counts=True)
    theirs, found = np.unique(generated, return_counts=True)
    if not np.array_equal(ours, theirs):
        raise ValueError(
            f"the generated file has {len(theirs)} particles, of which "
            f"{len(np.intersect1d(ours, theirs))} are among the {len(ours)} of the reference; "
            f"both must hold the same: generate from the reference file"
        )
    times = int(np.bincount(found // wanted).argmax())
    wrong = np.flatnonzero(found != times * wanted)
    if len(wrong):
        first = wrong[0]
        raise ValueError(
            f"particle {ours[first]} has {found[first]} generated responses for {wanted[first]} in "
            f"the reference; all particles must have the same whole multiple of the reference's, "
            f"which is {times} for most"
        )
    return times


def _check_conditions(
    reference: Responses, generated: Responses, rows: NDArray[np.integer]
) -> None:
    same = np.isclose(generated.conditions[rows], reference.conditions, rtol=1e-5, atol=1e-7)
    different = np.flatnonzero(~same.all(axis=1))
    if len(different):
        raise ValueError(
            f"particle {reference.particle[different[0]]} has other conditions in the generated "
            f"file than in the reference; generate from the reference file"
        )
