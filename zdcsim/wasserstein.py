"""The distance between two samples of one number, in that number's unit."""

import numpy as np
from numpy.typing import NDArray


def w1(a: NDArray[np.number], b: NDArray[np.number]) -> float:
    """Wasserstein-1 distance between two samples, the area between their cumulative distributions.

    Both empirical distributions are steps, so the area is a finite sum and the result is exact.
    The steps are counted in whole numbers, so equal samples are exactly 0 apart.

    Arguments:
        a: One sample, shape (n,).
        b: The other sample, shape (m,); n and m may differ.

    Returns:
        Integral of |F_a - F_b|, in the unit of the samples.

    Raises:
        ValueError: If a sample is empty, not one-dimensional or not finite.
    """
    for sample in (a, b):
        if sample.ndim != 1 or sample.size == 0 or not np.isfinite(sample).all():
            raise ValueError(
                f"w1 needs two one-dimensional, finite samples with at least one value each; "
                f"got shapes {a.shape} and {b.shape}"
            )
    n, m = len(a), len(b)
    values = np.concatenate([a, b]).astype(np.float64)
    order = np.argsort(values)  # ties add nothing, in whatever order
    step = np.repeat(np.array([m, -n], dtype=np.int64), [n, m])[order]
    difference = np.abs(np.cumsum(step)[:-1])
    return float(np.dot(difference, np.diff(values[order])) / (n * m))
