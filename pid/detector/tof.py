"""The TOF: time of flight over the helix, start time, mismatches, velocity.

Axis key: N tracks.

Source: ALICE Collaboration, Eur. Phys. J. Plus 132 (2017) 99 (event time); O2Physics,
Common/Core/PID/PIDTOF.h (the tracking term of the expected resolution falls as 1 / (1 + p2 / m2)).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from detcore.config import Settings
from pid.detector import helix

LIGHT_CM_PER_PS: Final = 0.0299792458
RADIUS_CM: Final = 378.0


class TofSettings(Settings):
    """Response of the TOF.

    Arguments:
        resolution_ps: Of one hit.
        start_spread_ps: Spread of true collision times.
        start_resolution_ps: Of the measured collision time.
        start_unmeasured: Share of collisions without a measured time; 0 is taken for it.
        start_offset_ps: Error common to all measured collision times.
        mismatch: Share of matched tracks that have the hit of another particle.
        mismatch_mean_ps: Mean delay of such a hit after the arrival of light.
    """

    resolution_ps: float = Field(default=80.0, gt=0)
    start_spread_ps: float = Field(default=200.0, ge=0)
    start_resolution_ps: float = Field(default=30.0, ge=0)
    start_unmeasured: float = Field(default=0.05, ge=0, le=1)
    start_offset_ps: float = 0.0
    mismatch: float = Field(default=0.03, ge=0, le=1)
    mismatch_mean_ps: float = Field(default=6000.0, gt=0)


def length(
    pt: NDArray[np.float64], tan_lambda: NDArray[np.float64], field_t: float
) -> NDArray[np.float64]:
    """Path from the vertex to the TOF, cm, shape (N,); NaN where a track turns back before."""
    return helix.arc(pt, RADIUS_CM, field_t) * np.sqrt(1 + tan_lambda**2)


def expected_time(
    path: NDArray[np.float64], momentum: NDArray[np.float64], mass: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Time of flight in ps, shape (N,), over `path` cm at `momentum` GeV/c and `mass` GeV/c2."""
    return path / LIGHT_CM_PER_PS * np.sqrt(1 + (mass / momentum) ** 2)


def expected_resolution(
    path: NDArray[np.float64],
    momentum: NDArray[np.float64],
    mass: float,
    time_error: NDArray[np.float64],
    resolution_ps: float,
) -> NDArray[np.float64]:
    """Standard deviation of measured minus expected time, ps, shape (N,).

    The hit, the start time (`time_error`, ps) and the momentum's 0.8 % add in squares.
    """
    tracking = 0.008 * expected_time(path, momentum, mass) / (1 + (momentum / mass) ** 2)
    return np.sqrt(resolution_ps**2 + time_error**2 + tracking**2)


def measured_time(
    path: NDArray[np.float64],
    momentum: NDArray[np.float64],
    mass: NDArray[np.float64],
    collision_time: NDArray[np.float64],
    settings: TofSettings,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """What the TOF writes, ps from the bunch crossing, shape (N,).

    Arguments:
        path: cm, shape (N,).
        momentum: True, GeV/c, shape (N,).
        mass: True, GeV/c2, shape (N,).
        collision_time: True, ps, shape (N,).
        settings: Resolution and mismatches.
        rng: Source of randomness.
    """
    flight = expected_time(path, momentum, mass)
    late = path / LIGHT_CM_PER_PS + rng.exponential(settings.mismatch_mean_ps, len(path))
    flight = np.where(rng.random(len(path)) < settings.mismatch, late, flight)
    return flight + collision_time + rng.normal(0, settings.resolution_ps, len(path))


def velocity(
    path: NDArray[np.float64], time: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Path over light speed and time since the measured start, shape (N,)."""
    return path / (LIGHT_CM_PER_PS * (time - start))


def n_sigma(
    time: NDArray[np.float64],
    start: NDArray[np.float64],
    time_error: NDArray[np.float64],
    path: NDArray[np.float64],
    momentum: NDArray[np.float64],
    mass: float,
    resolution_ps: float,
) -> NDArray[np.float64]:
    """Deviation of the time from that of a mass hypothesis, in standard deviations, shape (N,)."""
    spread = expected_resolution(path, momentum, mass, time_error, resolution_ps)
    return (time - start - expected_time(path, momentum, mass)) / spread
