"""How sure a score is: an ensemble trained with other seeds, and whether its spread says so.

Axis key: M members, N tracks, T targets.

Source: B. Lakshminarayanan et al., NeurIPS 2017, arXiv:1612.01474 (deep ensembles).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Ensemble:
    """Scores of an ensemble.

    Arguments:
        mean: Mean over the members, the score to use, shape (N, T).
        spread: Standard deviation over the members (one less in the denominator), shape (N, T).
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]


@dataclass(frozen=True)
class SpreadBin:
    """Tracks of similar spread, and how often the decision on them is wrong.

    Arguments:
        low: Smallest spread.
        high: Largest spread.
        tracks: Their number.
        wrong: Share of wrong decisions.
        mean_square: Mean square of score minus truth (Brier score).
    """

    low: float
    high: float
    tracks: int
    wrong: float
    mean_square: float


def ensemble(scores: NDArray[np.floating]) -> Ensemble:
    """Mean and spread of members' probabilities.

    Arguments:
        scores: Shape (M, N, T).

    Raises:
        ValueError: If there are fewer than two members.
    """
    if scores.ndim != 3 or len(scores) < 2:
        raise ValueError(
            f"a spread needs scores of two members at least, shape (M, N, T); got {scores.shape}"
        )
    values = np.asarray(scores, np.float64)
    return Ensemble(values.mean(axis=0), values.std(axis=0, ddof=1))


def by_spread(
    found: Ensemble, truth: NDArray[np.bool_], thresholds: NDArray[np.float64], bins: int = 5
) -> list[list[SpreadBin]]:
    """The measured worth of the spread: wrong decisions in bins of equal numbers of tracks.

    Arguments:
        found: The ensemble's scores.
        truth: Shape (N, T).
        thresholds: Of the decision, shape (T,) or (N, T).
        bins: At most so many.

    Returns:
        For every target the bins, the smallest spread first.
    """
    wrong = (found.mean >= thresholds) != truth
    square = (found.mean - truth) ** 2
    result = []
    for target in range(truth.shape[1]):
        spread = found.spread[:, target]
        parts = np.array_split(np.argsort(spread, kind="stable"), bins)
        result.append(
            [
                SpreadBin(
                    float(spread[rows[0]]),
                    float(spread[rows[-1]]),
                    len(rows),
                    float(wrong[rows, target].mean()),
                    float(square[rows, target].mean()),
                )
                for rows in parts
                if len(rows)
            ]
        )
    return result
