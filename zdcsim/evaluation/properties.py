"""Properties of responses that a user may ask for, measured from their images.

Axis key: N responses, Nx by Ny fibres, P properties.
"""

import numpy as np
from numpy.typing import NDArray

from zdcsim.evaluation.features import FEATURES, features
from zdcsim.geometry import Calorimeter

COLUMNS = ("centroid x", "centroid y", "photon sum", "maximum", "occupancy")
"""The features that they are, in the order of `steering.PROPERTIES`."""


def properties(photons: NDArray[np.number], calorimeter: Calorimeter) -> NDArray[np.float64]:
    """In the order and units of `steering.PROPERTIES`, shape (N, P).

    Arguments:
        photons: Photo-electrons per fibre, shape (N, Nx, Ny); empty responses have no centroid.
        calorimeter: Fixes the positions of the fibres.
    """
    found = features(photons, calorimeter)[:, [list(FEATURES).index(name) for name in COLUMNS]]
    found[:, :2] = found[:, :2] / calorimeter.pitch + np.array(calorimeter.shape) / 2
    return found
