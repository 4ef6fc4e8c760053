"""Which Cherenkov photons a step-index fibre guides to its back end.

A photon that travels at angle theta to the fibre axis and meets the wall with its transverse
direction at angle gamma to the normal is totally reflected when sin(theta) cos(gamma) <= NA / n.
gamma = 0 is a meridional ray; a photon emitted at radius rho, at azimuth phi from the radius, has
sin(gamma) = (rho / R) sin(phi).

Rays with sin(theta) <= NA / n are bound. Skew rays beyond are totally reflected too, but leak by
tunnelling through the cladding; in a core of hundreds of wavelengths they do so slowly, and here
they lose nothing but what the material absorbs. Of the light of isotropic tracks with beta = 1 that
is taken as guided they carry half, a tenth lies beyond 34 degrees.

Axis key: S steps, P azimuths around the Cherenkov cone.

Source: Snyder and Love, Optical Waveguide Theory (1983), chapter 2 (bound, tunnelling and
refracting rays of step-index fibres).
"""

import math

import numpy as np
from numpy.typing import NDArray

from zdcsim.light import cherenkov

NUMERICAL_APERTURE = 0.22
"""Silica core in a fluorine-doped silica cladding. ALICE's light tables are reproduced by 0.22
(`benchmarks/light_shape.py`), not by the 0.37 of a polymer cladding."""
MERIDIONAL_LIMIT = NUMERICAL_APERTURE / cherenkov.REFRACTIVE_INDEX
"""Largest sine, to the fibre axis, of a guided meridional ray."""
ATTENUATION_LENGTH_MM = 20e3
"""About 0.2 dB per metre, typical of silica fibres in the window."""
CONE_POINTS = 24
"""Photon directions per step, evenly spaced around the cone. The captured arc has sharp edges, so
where the points begin moves along a golden-ratio sequence from step to step: a sum over many steps
then sees every azimuth evenly, and a few points suffice."""
GOLDEN_RATIO = (math.sqrt(5) - 1) / 2
STEPS_AT_ONCE = 8192


def captured_fraction(
    beta: NDArray[np.floating],
    direction: NDArray[np.floating],
    position: NDArray[np.floating],
    radius: float,
    to_back: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Fraction of a step's Cherenkov photons that arrive at the back end of the fibre.

    Arguments:
        beta: Velocity over the speed of light, shape (S,).
        direction: Unit direction of the particle, z along the fibre to its back end, shape (S, 3).
        position: Point of emission relative to the fibre axis, x and y, mm, shape (S, 2).
        radius: Core radius, mm.
        to_back: Distance along z from the point of emission to the back end, mm, shape (S,).

    Returns:
        Values in [0, 1], attenuation on the way included, shape (S,).
    """
    fraction = np.empty(len(beta))
    for start in range(0, len(beta), STEPS_AT_ONCE):
        block = slice(start, start + STEPS_AT_ONCE)
        fraction[block] = _block_fraction(
            beta[block], direction[block], position[block] / radius, to_back[block]
        )
    return fraction


def _block_fraction(
    beta: NDArray[np.floating],
    direction: NDArray[np.floating],
    emission: NDArray[np.floating],
    to_back: NDArray[np.floating],
) -> NDArray[np.float64]:
    photon_x, photon_y, photon_z = _cone(beta, direction)
    # sin(theta) cos(gamma), squared: the transverse momentum left after the angular momentum
    # about the fibre axis, which a reflection conserves, is taken away.
    transverse = photon_x**2 + photon_y**2
    about_axis = emission[:, :1] * photon_y - emission[:, 1:] * photon_x
    guided = (transverse - about_axis**2 <= MERIDIONAL_LIMIT**2) & (photon_z > 0)
    path = to_back[:, None] / np.maximum(photon_z, 1e-6)
    survived: NDArray[np.float64] = np.mean(guided * np.exp(-path / ATTENUATION_LENGTH_MM), axis=1)
    return survived


def _cone(
    beta: NDArray[np.floating], direction: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]:
    """Components of the photon directions on the cone around each particle, each (S, P)."""
    across, other = _perpendicular(direction)
    cos_c = cherenkov.cosine(beta)[:, None]
    sin_c = np.sqrt(1 - cos_c**2)
    begin = np.mod(GOLDEN_RATIO * np.arange(len(beta)), 1.0)[:, None]
    azimuth = 2 * math.pi * (np.arange(CONE_POINTS) + begin) / CONE_POINTS
    cos_a, sin_a = np.cos(azimuth), np.sin(azimuth)
    x, y, z = (
        cos_c * direction[:, axis, None]
        + sin_c * (cos_a * across[:, axis, None] + sin_a * other[:, axis, None])
        for axis in range(3)
    )
    return x, y, z


def _perpendicular(
    direction: NDArray[np.floating],
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Two unit vectors that complete each direction to an orthogonal basis, each (S, 3)."""
    seed = np.where(np.abs(direction[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    across = np.cross(direction, seed)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    return across, np.cross(direction, across)
