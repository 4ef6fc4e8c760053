"""Hadronic interactions in the material, which end a track early.

Axis key: N particles.

Source: PDG, Atomic and Nuclear Properties (nuclear interaction lengths); the cross sections per
species are round ratios to that of pions, with the rise of antiprotons at low momentum.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

LENGTHS_TO_TPC: Final = 0.06
"""Pion interaction lengths of material before and in the TPC."""

LENGTHS_TO_TRD: Final = 0.05
LENGTHS_TO_TOF: Final = 0.20
"""From the end of the TPC, with the space frame and the TRD."""

CROSS_SECTIONS: Final = {211: 1.0, -211: 1.0, 321: 0.7, -321: 1.1, 2212: 1.2, -2212: 1.5}


def survives(
    pdg: NDArray[np.int32], momentum: NDArray[np.float64], lengths: float
) -> NDArray[np.float64]:
    """Probability to cross `lengths` pion interaction lengths at `momentum` GeV/c, shape (N,)."""
    ratio = np.zeros(len(pdg))
    for code, cross_section in CROSS_SECTIONS.items():
        ratio[pdg == code] = cross_section
    ratio[pdg == -2212] += 0.5 / np.maximum(momentum[pdg == -2212], 0.1)
    return np.exp(-lengths * ratio)
