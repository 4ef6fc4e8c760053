"""How far apart two domains lie in an embedding, without labels and cheap enough to ask often.

Axis key: N tracks of the source, M of the target, E numbers of the embedding.
"""

import numpy as np
from numpy.typing import NDArray


def variance_between(source: NDArray[np.floating], target: NDArray[np.floating]) -> float:
    """Share of the variance of both domains together that lies between their means, 0 to 1.

    Both domains count the same, whatever their numbers of tracks. Unlike the AUC of a judge it
    forgives a difference that the embedding has made small beside what else varies.

    Arguments:
        source: Shape (N, E).
        target: Shape (M, E).
    """
    away = source.mean(axis=0, dtype=np.float64) - target.mean(axis=0, dtype=np.float64)
    between = float(away @ away) / 4
    within = sum(float(part.var(axis=0, dtype=np.float64).sum()) for part in (source, target)) / 2
    return between / (between + within) if between else 0.0
