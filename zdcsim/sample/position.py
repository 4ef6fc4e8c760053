"""The position of a shower, the auxiliary regressor's target.

Axis key: N responses, Nx by Ny fibres.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Position = Literal["maximum", "centroid"]


def shower_position(photons: NDArray[np.float32], position: Position) -> NDArray[np.float32]:
    """Where each shower is, in pitches from the lower corner of the face, shape (N, 2).

    Fibre i is centred at i + 0.5. A response without light is placed in the middle of the face.

    Arguments:
        photons: Counts, shape (N, Nx, Ny).
        position: `maximum`, the mean of the brightest fibres, or `centroid`.
    """
    weight = photons
    if position == "maximum":
        brightest = photons.max(axis=(1, 2), keepdims=True)
        weight = (photons == brightest).astype(np.float32)
    weight = np.where(photons.sum(axis=(1, 2), keepdims=True) > 0, weight, 1.0)
    total = weight.sum(axis=(1, 2))
    x = weight.sum(axis=2) @ (np.arange(photons.shape[1]) + 0.5) / total
    y = weight.sum(axis=1) @ (np.arange(photons.shape[2]) + 0.5) / total
    return np.stack([x, y], axis=1).astype(np.float32)
