"""Cherenkov light of a charged particle in the fibre core.

Source: Frank and Tamm; Particle Data Group, Review of Particle Physics, section 34.7.
"""

import math

import numpy as np
from numpy.typing import NDArray

FINE_STRUCTURE = 1 / 137.035999
REFRACTIVE_INDEX = 1.46
"""Fused silica, averaged over the wavelength window; dispersion is neglected."""
WAVELENGTH_MIN_NM = 300.0
WAVELENGTH_MAX_NM = 600.0
"""The window in which the fibres transmit and the photomultipliers (bialkali) are sensitive."""
BETA_THRESHOLD = 1 / REFRACTIVE_INDEX

_PER_NM_TO_PER_MM = 1e6
PHOTONS_PER_MM = (
    2 * math.pi * FINE_STRUCTURE * (1 / WAVELENGTH_MIN_NM - 1 / WAVELENGTH_MAX_NM)
) * _PER_NM_TO_PER_MM
"""Photons per mm of path and per unit of charge squared times sin^2 of the Cherenkov angle."""


def cosine(beta: NDArray[np.floating]) -> NDArray[np.floating]:
    """Cosine of the angle between the particle and its light; 1 at and below threshold."""
    return np.asarray(np.minimum(1 / (np.maximum(beta, 1e-9) * REFRACTIVE_INDEX), 1.0))


def photons(
    length: NDArray[np.floating], beta: NDArray[np.floating], charge: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Mean number of photons emitted along a path; zero at and below threshold.

    Arguments:
        length: Path in the core, mm.
        beta: Velocity over the speed of light.
        charge: Charge of the particle, units of e.
    """
    return np.asarray(PHOTONS_PER_MM * length * charge**2 * (1 - cosine(beta) ** 2))
