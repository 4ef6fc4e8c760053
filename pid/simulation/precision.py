"""Fewer mantissa bits: numbers keep the precision that a detector has, and files stay small.

O2 truncates the columns of its files in the same way.
"""

import numpy as np
from numpy.typing import NDArray

FLOAT32_MANTISSA = 23


def rounded(values: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """Numbers rounded to `bits` bits of mantissa (1 to 23), any shape; NaN stays NaN.

    The relative error is at most 2^-(bits + 1).

    Raises:
        ValueError: If the number of bits is out of range.
    """
    if not 1 <= bits <= FLOAT32_MANTISSA:
        raise ValueError(f"a float has 1 to {FLOAT32_MANTISSA} bits of mantissa; got {bits}")
    dropped = FLOAT32_MANTISSA - bits
    if dropped == 0:
        return values.copy()
    whole = np.ascontiguousarray(values, np.float32).view(np.uint32)
    half = np.uint32(1 << (dropped - 1))
    mask = np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)
    kept: NDArray[np.float32] = ((whole + half) & mask).view(np.float32)
    return np.where(np.isnan(values), values, kept)
