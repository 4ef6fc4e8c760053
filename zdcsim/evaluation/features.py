"""Six numbers that describe one response.

Axis key: N responses, Nx by Ny fibres, 6 features. n is the photo-electrons of a fibre at (x, y),
in cm from the centre of the calorimeter.

==============  ===============  ==========================================================
feature         unit             formula
==============  ===============  ==========================================================
photon sum      photo-electrons  sum of n
centroid x, y   cm               sum of n x / sum of n, the same for y
width           cm               root of sum of n ((x - centroid x)^2 + (y - centroid y)^2)
                                 / sum of n, the rms distance of a photo-electron from the
                                 centroid
occupancy       fibres           number of fibres with n > 0
maximum         photo-electrons  largest n
==============  ===============  ==========================================================

An empty response has no centroid and no width: both are NaN, are left out of distances, and are
accounted for by the fraction of empty responses.
"""

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter

FEATURES = {
    "photon sum": "photo-electrons",
    "centroid x": "cm",
    "centroid y": "cm",
    "width": "cm",
    "occupancy": "fibres",
    "maximum": "photo-electrons",
}


def fibre_positions(calorimeter: Calorimeter) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of every fibre, cm from the centre of the calorimeter, each of shape (Nx * Ny,)."""
    x = (np.arange(calorimeter.nx) + 0.5) * calorimeter.pitch - calorimeter.half_x
    y = (np.arange(calorimeter.ny) + 0.5) * calorimeter.pitch - calorimeter.half_y
    grid_x, grid_y = np.meshgrid(x, y, indexing="ij")
    return grid_x.ravel(), grid_y.ravel()


def features(photons: NDArray[np.number], calorimeter: Calorimeter) -> NDArray[np.float64]:
    """The six features of every response, in the order of `FEATURES`.

    Arguments:
        photons: Photo-electrons per fibre, shape (N, Nx, Ny).
        calorimeter: Fixes the positions of the fibres.

    Returns:
        Shape (N, 6); centroid and width of an empty response are NaN.
    """
    flat = photons.reshape(len(photons), -1)
    x, y = fibre_positions(calorimeter)
    moments = flat @ np.stack([np.ones_like(x), x, y, x**2 + y**2], axis=1)
    total = moments[:, 0]
    with np.errstate(invalid="ignore"):
        mean_x, mean_y, mean_square = (moments[:, 1:] / total[:, None]).T
    width = np.sqrt(np.maximum(mean_square - mean_x**2 - mean_y**2, 0.0))
    occupancy = np.count_nonzero(flat, axis=1)
    return np.stack([total, mean_x, mean_y, width, occupancy, flat.max(axis=1)], axis=1)
