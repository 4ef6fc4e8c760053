"""Helices of charged particles in the solenoid's field along z.

A positive particle turns clockwise in the (x, y) plane: at path s its direction is phi0 - q s / R.

Axis key: N particles.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CM_PER_GEV_PER_TESLA = 100 / 0.299792458
"""Radius in cm of a unit charge of 1 GeV/c transverse momentum in 1 T."""


@dataclass(frozen=True)
class ClosestApproach:
    """The point of a helix next to the vertex in the transverse plane.

    Arguments:
        xy: Signed distance, cm, shape (N,): the point's y in the frame of `phi`, as O2's fDcaXY.
        z: z of the point relative to the vertex, cm, shape (N,).
        phi: Azimuth of the momentum there, rad, shape (N,).
    """

    xy: NDArray[np.float64]
    z: NDArray[np.float64]
    phi: NDArray[np.float64]


def radius(pt: NDArray[np.float64], field_t: float) -> NDArray[np.float64]:
    """Radius of curvature in cm, shape (N,), of unit charges with pt in GeV/c."""
    return pt * (CM_PER_GEV_PER_TESLA / field_t)


def arc(pt: NDArray[np.float64], reach: float, field_t: float) -> NDArray[np.float64]:
    """Transverse path from the beam line to a cylinder of radius `reach` cm; NaN if not reached."""
    curvature = radius(pt, field_t)
    with np.errstate(invalid="ignore"):
        return 2 * curvature * np.arcsin(reach / (2 * curvature))


def azimuth_at(
    phi: NDArray[np.float64],
    charge: NDArray[np.float64],
    pt: NDArray[np.float64],
    reach: float,
    field_t: float,
) -> NDArray[np.float64]:
    """Azimuth of the point on that cylinder, rad; NaN if not reached."""
    with np.errstate(invalid="ignore"):
        return phi - charge * np.arcsin(reach / (2 * radius(pt, field_t)))


def closest_approach(
    origin: NDArray[np.float64],
    momentum: NDArray[np.float64],
    charge: NDArray[np.float64],
    field_t: float,
) -> ClosestApproach:
    """Where helices come next to the vertex in the transverse plane.

    Arguments:
        origin: A point of each helix relative to the vertex, cm, shape (N, 3).
        momentum: There, GeV/c, shape (N, 3).
        charge: +1 or -1, shape (N,).
        field_t: Tesla.
    """
    px, py, pz = momentum.T
    pt = np.hypot(px, py)
    curvature = radius(pt, field_t)
    centre_x = origin[:, 0] + charge * curvature * py / pt
    centre_y = origin[:, 1] - charge * curvature * px / pt
    phi = np.arctan2(charge * centre_x, -charge * centre_y)
    turned = charge * (phi - np.arctan2(py, px))
    path = curvature * (np.remainder(turned + np.pi, 2 * np.pi) - np.pi)
    return ClosestApproach(
        xy=-charge * (np.hypot(centre_x, centre_y) - curvature),
        z=origin[:, 2] - path * pz / pt,
        phi=phi,
    )


def transported(
    origin: NDArray[np.float64],
    momentum: NDArray[np.float64],
    charge: NDArray[np.float64],
    path: NDArray[np.float64],
    field_t: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Position (cm) and momentum (GeV/c), shape (N, 3) each, after a transverse path in cm (N,)."""
    px, py, pz = momentum.T
    pt = np.hypot(px, py)
    turn = -charge * path / radius(pt, field_t)
    cosine, sine = np.cos(turn), np.sin(turn)
    moved = np.stack([px * cosine - py * sine, px * sine + py * cosine, pz], axis=1)
    # The chord points along the mean of both directions.
    chord = path * np.sinc(turn / (2 * np.pi)) / pt
    half_cosine, half_sine = np.cos(turn / 2), np.sin(turn / 2)
    step = np.stack(
        [
            chord * (px * half_cosine - py * half_sine),
            chord * (px * half_sine + py * half_cosine),
            path * pz / pt,
        ],
        axis=1,
    )
    return origin + step, moved
