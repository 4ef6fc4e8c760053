"""Electrons from photons: Dalitz pairs at the vertex, conversions in beam pipe and inner layers.

Axis key: N photons.

Source: N. M. Kroll and W. Wada, Phys. Rev. 98 (1955) 1355 (mass of Dalitz pairs); ALICE ITS Upgrade
TDR, CERN-LHCC-2013-024 (radiation lengths).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pid.simulation.decays import mass

DALITZ: Final = 0.0118 / 2
"""Branching ratio of pi0 -> gamma e e for each of its two photons."""

LAYERS: Final = ((1.86, 0.0023), (2.3, 0.0036), (3.1, 0.0036))
"""Radius in cm and radiation lengths of beam pipe and two inner layers; what converts further out
leaves no hit in the inner barrel."""

CONVERSIONS_PER_LENGTH: Final = 7 / 9


def dalitz_masses(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Masses of electron pairs, GeV/c2, shape (count,).

    The density is (1 - m2/M2)^3 sqrt(1 - 4 me2/m2) (1 + 2 me2/m2) / m, M the pi0's mass.
    """
    lightest, heaviest = 2 * mass(11), mass(111)
    grid = np.geomspace(lightest, heaviest, 2000)
    ratio = (lightest / grid) ** 2
    # Per logarithm of the mass; the grid is even in it.
    density = (1 - (grid / heaviest) ** 2) ** 3 * np.sqrt(1 - ratio) * (1 + ratio / 2)
    return np.interp(rng.random(count), np.cumsum(density) / density.sum(), grid)


def conversion_radius(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Transverse radius at which each photon converts, cm; infinite if it does not; (count,)."""
    radii = [radius for radius, _ in LAYERS]
    thickness = np.cumsum([CONVERSIONS_PER_LENGTH * length for _, length in LAYERS])
    crossed = np.searchsorted(thickness, rng.exponential(size=count))
    return np.array([*radii, np.inf])[crossed]
