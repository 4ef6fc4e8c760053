"""Distances of closest approach as they are measured, and the cut of global tracks on them.

Axis key: N tracks.

Source: O2Physics, Common/Core/TrackSelectionDefaults.cxx (cut); the resolution is pointing and
multiple scattering in squares.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pid.detector.its import ItsSettings

Z_MAX_CM: Final = 2.0


def resolution(
    momentum: NDArray[np.float64],
    mass: NDArray[np.float64],
    tan_lambda: NDArray[np.float64],
    settings: ItsSettings,
) -> NDArray[np.float64]:
    """Standard deviation in the transverse plane, cm, shape (N,); in z it is the same.

    Arguments:
        momentum: True, GeV/c, shape (N,).
        mass: True, GeV/c2, shape (N,).
        tan_lambda: pz / pt, shape (N,).
        settings: Pointing and scattering.
    """
    # Scattering goes as 1 / (beta p); oblique tracks cross more material and have a longer lever.
    slow = np.sqrt(1 + (mass / momentum) ** 2) / momentum
    oblique = (1 + tan_lambda**2) ** 0.75
    return np.hypot(settings.pointing_cm, settings.scattering_cm * slow * oblique)


def is_global(
    dca_xy: NDArray[np.float64], dca_z: NDArray[np.float64], pt: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether a track (cm, GeV/c) passes the cut of global tracks, shape (N,)."""
    passes: NDArray[np.bool_] = (np.abs(dca_xy) < 0.0105 + 0.035 / pt**1.1) & (
        np.abs(dca_z) < Z_MAX_CM
    )
    return passes
