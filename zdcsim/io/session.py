"""Photon counts from what an exported generator returns.

Axis key: N particles, Nx by Ny fibres.
"""

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter


def decoded(encoded: NDArray[np.float32], calorimeter: Calorimeter) -> NDArray[np.int32]:
    """Photo-electron counts of encoded responses.

    Arguments:
        encoded: What an exported generator returns, shape (N, Ny, Nx).
        calorimeter: Fixes Nx and Ny.

    Returns:
        Counts, shape (N, Nx, Ny).

    Raises:
        ValueError: If the responses are not on this calorimeter's grid or one is not finite.
    """
    if encoded.shape[1:] != calorimeter.shape[::-1]:
        raise ValueError(
            f"O2 reads a {calorimeter.name} response as {calorimeter.shape[::-1]}; "
            f"the model returns {encoded.shape[1:]}"
        )
    if not np.isfinite(encoded).all():
        raise ValueError("the model returns numbers that are not finite")
    return np.expm1(encoded, dtype=np.float64).astype(np.int32).transpose(0, 2, 1)
