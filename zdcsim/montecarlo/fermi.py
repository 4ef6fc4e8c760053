"""Fermi motion of the nucleons in a nucleus, and the boost that makes it visible.

Axis key: N nucleons.

Source: the momentum density is the sum of two Gaussians of A. S. Iljinov et al., as AliRoot's
AliGenZDC uses it (method FermiTwoGaussian).
"""

import numpy as np
from numpy.typing import NDArray

NARROW_GEV = 0.113
WIDE_GEV = 0.250
WIDE_WEIGHT_OF_CARBON = 0.18
"""Weight of the wide Gaussian relative to the narrow one for A = 12; it grows as A^(1/3)."""


def wide_weight(mass_number: int) -> float:
    """Weight of the wide Gaussian relative to the narrow one."""
    return float(WIDE_WEIGHT_OF_CARBON * (mass_number / 12) ** (1 / 3))


def momenta(n: int, mass_number: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Momenta in the frame of the nucleus, GeV/c, shape (N, 3)."""
    weight = wide_weight(mass_number)
    wide = rng.uniform(size=n) < weight / (1 + weight)
    width = np.where(wide, WIDE_GEV, NARROW_GEV)
    drawn: NDArray[np.float64] = rng.normal(size=(n, 3)) * width[:, None]
    return drawn


def boosted(
    momentum: NDArray[np.float64], mass_gev: NDArray[np.float64], gamma: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Momenta after a boost along z, nucleons on their mass shell, GeV/c, shape (N, 3).

    Arguments:
        momentum: Before the boost, shape (N, 3).
        mass_gev: Shape (N,).
        gamma: Energy over mass of the moving frame.
    """
    energy = np.sqrt((momentum**2).sum(axis=1) + mass_gev**2)
    moved = momentum.copy()
    moved[:, 2] = gamma * momentum[:, 2] + np.sqrt(gamma**2 - 1) * energy
    return moved
