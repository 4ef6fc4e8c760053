"""Separation power: how far the histograms of one number in two samples lie apart.

Source: CaloChallenge, https://arxiv.org/abs/2410.21611, section 4: 1/2 sum (a - b)^2 / (a + b).
"""

import numpy as np
from numpy.typing import NDArray

BINS = 30


def separation(a: NDArray[np.float64], b: NDArray[np.float64], bins: int = BINS) -> float:
    """0 for equal histograms, 1 for histograms without overlap.

    Arguments:
        a: One sample, shape (N,).
        b: The other, whose quantiles are the edges of the bins, shape (M,).
        bins: About as many; where quantiles fall together, that value is a bin of its own.

    Raises:
        ValueError: If a sample is empty.
    """
    if not len(a) or not len(b):
        raise ValueError(f"separation needs two samples with values; got {len(a)} and {len(b)}")
    inner, times = np.unique(np.quantile(b, np.linspace(0, 1, bins + 1)[1:-1]), return_counts=True)
    inner = np.union1d(inner, np.nextafter(inner[times > 1], np.inf))
    edges = np.concatenate([[-np.inf], inner, [np.inf]])
    first = np.histogram(a, edges)[0] / len(a)
    second = np.histogram(b, edges)[0] / len(b)
    filled = first + second > 0
    return float(0.5 * ((first - second)[filled] ** 2 / (first + second)[filled]).sum())
