"""Whether a generator stays within the Monte Carlo, and whether it reaches all of it.

Around every response of a sample lies a ball that ends at its k-th neighbour in that sample.

=========  ====================================================================================
precision  share of generated responses inside any ball of the Monte Carlo
recall     share of Monte Carlo responses inside any ball of the generated sample
density    balls of the Monte Carlo around a generated response, over k
coverage   share of the Monte Carlo's balls that hold a generated response
=========  ====================================================================================

Axis key: N generated and M Monte Carlo responses, F features.

Source: T. Kynkäänniemi et al., https://arxiv.org/abs/1904.06991 (precision, recall);
M. F. Naeem et al., https://arxiv.org/abs/2002.09797 (density, coverage).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 5
BLOCK = 250
"""Responses at a time; more would not fit into the cache."""


@dataclass(frozen=True)
class Coverage:
    """The four numbers; all are near their value for two halves of one sample, not at 1."""

    precision: float
    recall: float
    density: float
    coverage: float


def coverage(
    generated: NDArray[np.float64], reference: NDArray[np.float64], neighbours: int = NEIGHBOURS
) -> Coverage:
    """Precision, recall, density and coverage.

    Arguments:
        generated: Features on a common scale, shape (N, F).
        reference: Those of the Monte Carlo, shape (M, F).
        neighbours: k.

    Raises:
        ValueError: If a sample is not larger than k.
    """
    if min(len(generated), len(reference)) <= neighbours:
        raise ValueError(
            f"{neighbours} neighbours need more responses than {len(generated)} and "
            f"{len(reference)}"
        )
    around_reference = _reach(reference, neighbours)
    around_generated = _reach(generated, neighbours)
    balls = np.zeros(len(generated))
    recalled = np.zeros(len(reference), dtype=bool)
    nearest = np.full(len(reference), np.inf)
    for start in range(0, len(generated), BLOCK):
        rows = slice(start, start + BLOCK)
        apart = _squares(generated[rows], reference)
        balls[rows] = (apart <= around_reference).sum(axis=1)
        recalled |= (apart <= around_generated[rows, None]).any(axis=0)
        nearest = np.minimum(nearest, apart.min(axis=0))
    return Coverage(
        precision=float((balls > 0).mean()),
        recall=float(recalled.mean()),
        density=float(balls.mean() / neighbours),
        coverage=float((nearest <= around_reference).mean()),
    )


def _reach(sample: NDArray[np.float64], neighbours: int) -> NDArray[np.float64]:
    """Squared distance of every response to its k-th neighbour in the same sample, shape (N,)."""
    parts = [
        np.partition(_squares(sample[start : start + BLOCK], sample), neighbours, axis=1)
        for start in range(0, len(sample), BLOCK)
    ]
    return np.concatenate([part[:, neighbours] for part in parts])  # place 0 is the response itself


def _squares(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances, shape (N, M), as one product: |a|^2 - 2 a b + |b|^2."""
    ours = [-2 * a, (a * a).sum(axis=1, keepdims=True), np.ones((len(a), 1))]
    theirs = [b, np.ones((len(b), 1)), (b * b).sum(axis=1, keepdims=True)]
    apart: NDArray[np.float64] = np.hstack(ours) @ np.hstack(theirs).T
    return np.maximum(apart, 0, out=apart)
