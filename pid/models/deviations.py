"""How far signals are from those expected of each species, from the parametrised response.

Axis key: N tracks, 4 classes in the order of `CLASSES`.

Source: O2Physics, Common/Core/PID (parametrisations, see `pid.detector`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detcore.config import Settings
from pid.detector import tof, tpc
from pid.detector.bethe_bloch import expected_signal
from pid.species import CLASSES
from pid.tracks import Tracks


class ResponseSettings(Settings):
    """What is assumed of the detectors; the tables of the models say no more of each track.

    Attributes:
        tpc_resolution: Relative, of 130 clusters at tan(lambda) = 0.
        tpc_clusters: Of every track.
        tof_resolution_ps: Of one hit.
        start_resolution_ps: Of the collision time.
        field_t: Magnetic field, tesla.
    """

    tpc_resolution: float = 0.07
    tpc_clusters: int = 130
    tof_resolution_ps: float = 80.0
    start_resolution_ps: float = 30.0
    field_t: float = 0.5


@dataclass(frozen=True)
class Deviations:
    """Deviations in standard deviations, and these; NaN where the detector is missing.

    Attributes:
        tpc: Shape (N, 4).
        tof: Shape (N, 4).
        tpc_spread: Standard deviation of the TPC signal, in its units, shape (N, 4).
        tof_spread: Standard deviation of velocity over light speed, shape (N, 4).
    """

    tpc: NDArray[np.float64]
    tof: NDArray[np.float64]
    tpc_spread: NDArray[np.float64]
    tof_spread: NDArray[np.float64]


def deviations(tracks: Tracks, response: ResponseSettings) -> Deviations:
    """Deviations of the TPC signal and of the velocity, for each of the four classes.

    Arguments:
        tracks: With fTPCSignal, fBeta, fP, fPx, fPy and fPz, after the detector limits.
        response: The assumed resolutions.

    Raises:
        ValueError: If a column is absent.
    """
    names = ("fTPCSignal", "fBeta", "fP", "fPx", "fPy", "fPz")
    signal, beta, p, px, py, pz = tracks.take(names).astype(np.float64).T
    pt = np.hypot(px, py)
    tan_lambda = pz / pt
    path = tof.length(pt, tan_lambda, response.field_t)
    clusters = np.full(len(tracks), response.tpc_clusters)
    relative = tpc.relative_resolution(clusters, tan_lambda, response.tpc_resolution)
    start = np.full(len(tracks), response.start_resolution_ps)
    parts = []
    for species in CLASSES:
        dedx = expected_signal(p, species.mass)
        speed = p / np.hypot(p, species.mass)
        time_spread = tof.expected_resolution(
            path, p, species.mass, start, response.tof_resolution_ps
        )
        speed_spread = speed**2 * tof.LIGHT_CM_PER_PS * time_spread / path
        parts.append(
            [
                (signal - dedx) / (relative * dedx),
                (beta - speed) / speed_spread,
                relative * dedx,
                speed_spread,
            ]
        )
    return Deviations(*(np.stack(part, axis=1) for part in zip(*parts, strict=True)))
