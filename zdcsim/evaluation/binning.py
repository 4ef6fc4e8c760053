"""Bins and histograms of the figures."""

from collections.abc import Callable

import hist
import numpy as np
from numpy.typing import NDArray

BINS = 24

Edges = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Histogram = tuple[NDArray[np.float64], NDArray[np.float64]]


def counting_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A bin for nothing at all, then bins of equal width in the logarithm."""
    top = max(float(values.max(initial=0.0)), 10.0)
    rising = np.geomspace(1.0, top * 1.05, BINS)
    whole = np.unique(np.where(rising < 10, np.floor(rising), rising))
    return np.concatenate([[0.0], whole])


def plain_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bins of equal width from the smallest to the largest value."""
    if not len(values):
        return np.linspace(0.0, 1.0, BINS + 1)
    low, high = float(values.min()), float(values.max())
    margin = 0.02 * (high - low) or 0.5
    return np.linspace(low - margin, high + margin, BINS + 1)


def histogram(values: NDArray[np.float64], edges: NDArray[np.float64]) -> Histogram:
    """Fraction of the values in every bin, and its statistical error; the rest lies outside."""
    filled = hist.Hist(hist.axis.Variable(edges), storage=hist.storage.Double()).fill(values)
    count = filled.values()
    total = max(len(values), 1)
    return count / total, np.sqrt(count) / total
