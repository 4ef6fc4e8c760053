"""Differential bremsstrahlung cross sections in place of the Seltzer-Berger tables (brem_SB).

Tsai's formula with Thomas-Fermi screening, normalised in each element and at each energy to the
tabulated radiative stopping power, because it lacks the low-energy Coulomb correction.

Source: Y.-S. Tsai, Rev. Mod. Phys. 46 (1974) 815, equation 3.38; NIST ESTAR for the normalisation.
"""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zdcsim.montecarlo.standin.table import ELEMENTS, write_lines

ELECTRON_MASS = 0.51099895
FINE_STRUCTURE = 1 / 137.035999
ELECTRON_RADIUS_SQUARED_MB = 79.4078

PHOTON_FRACTION = np.concatenate(
    [
        [1e-6, 1e-4, 1e-3, 3e-3, 0.01, 0.02, 0.035, 0.05, 0.075],
        np.linspace(0.1, 0.9, 17),
        [0.925, 0.95, 0.97, 0.99, 0.999, 1.0],
    ]
)
KINETIC_ENERGY = np.unique(np.concatenate([np.geomspace(1e-3, 1, 25), np.geomspace(1, 1e4, 33)]))

NORM_ENERGY = np.array([0.01, 0.1, 0.3, 1, 2, 5, 10, 20, 50, 100, 1000])
NORM = {
    1: [5.56, 1.153, 0.785, 0.76, 0.817, 0.899, 0.941, 0.966, 0.978, 0.979, 0.959],
    8: [12.3, 2.036, 1.169, 0.937, 0.937, 0.969, 0.984, 0.99, 0.989, 0.988, 0.986],
    14: [13.2, 2.269, 1.273, 0.984, 0.969, 0.984, 0.989, 0.989, 0.986, 0.986, 0.985],
    29: [12.7, 2.623, 1.472, 1.084, 1.037, 1.022, 1.011, 1.0, 0.991, 0.989, 0.988],
    50: [11.7, 2.936, 1.735, 1.234, 1.138, 1.065, 1.028, 1.005, 0.993, 0.99, 0.989],
    74: [10.7, 3.227, 2.055, 1.443, 1.267, 1.121, 1.056, 1.018, 0.996, 0.989, 0.984],
    82: [10.5, 3.319, 2.167, 1.523, 1.315, 1.139, 1.062, 1.02, 0.996, 0.988, 0.982],
}
"""Radiative stopping power, tabulated over Tsai's, at NORM_ENERGY (MeV) for a few elements."""


def write(folder: Path) -> None:
    """Write G4EMLOW8.8/brem_SB/br{Z} for every element."""
    for z in ELEMENTS:
        scaled = np.array([_tsai(z, t) * _normalisation(z, t) for t in KINETIC_ENERGY])
        # The true cross section stays finite at the tip of the spectrum; Tsai's formula does not.
        scaled = np.maximum(np.maximum(scaled, 0.1 * scaled[:, :1]), 1e-3)
        rows = (" ".join(f"{value:.6e}" for value in row) for row in scaled)
        header = [
            f"5 {len(PHOTON_FRACTION)} {len(KINETIC_ENERGY)}",
            " ".join(f"{k:.6e}" for k in PHOTON_FRACTION),
            " ".join(f"{math.log(t):.6e}" for t in KINETIC_ENERGY),
        ]
        write_lines(folder / "G4EMLOW8.8" / "brem_SB" / f"br{z}", [*header, *rows])


def _tsai(z: int, kinetic: float) -> NDArray[np.float64]:
    """beta^2 / Z^2 times k dsigma / dk over PHOTON_FRACTION, millibarn."""
    energy = kinetic + ELECTRON_MASS
    photon = np.clip(PHOTON_FRACTION, 1e-9, 0.9999) * kinetic
    y = photon / energy
    screening = 100 * ELECTRON_MASS * photon / (energy * np.maximum(energy - photon, 1e-12))
    gamma, epsilon = screening / z ** (1 / 3), screening / z ** (2 / 3)
    phi1 = (
        16.863
        - 2 * np.log(1 + 0.311877 * gamma**2)
        + 2.4 * np.exp(-0.9 * gamma)
        + 1.6 * np.exp(-1.5 * gamma)
    )
    phi12 = 2 / 3 / (1 + 6.5 * gamma + 6 * gamma**2)
    psi1 = (
        24.34
        - 2 * np.log(1 + 13.111641 * epsilon**2)
        + 2.8 * np.exp(-8 * epsilon)
        + 1.2 * np.exp(-29.2 * epsilon)
    )
    psi12 = 2 / 3 / (1 + 40 * epsilon + 400 * epsilon**2)
    log_z = math.log(z)
    nucleus = phi1 - 4 / 3 * log_z - 4 * _coulomb(z)
    electrons = psi1 - 8 / 3 * log_z
    leading = (4 / 3 * (1 - y) + y**2) * (nucleus + electrons / z)
    value = leading + 2 / 3 * (1 - y) * (phi12 + psi12 / z)
    beta_squared = kinetic * (kinetic + 2 * ELECTRON_MASS) / energy**2
    scaled = FINE_STRUCTURE * ELECTRON_RADIUS_SQUARED_MB * beta_squared * value
    return np.asarray(np.maximum(scaled, 0.0))


def _coulomb(z: int) -> float:
    """Coulomb correction f(Z), Tsai equation 3.3."""
    a = (FINE_STRUCTURE * z) ** 2
    return a * (1 / (1 + a) + 0.20206 - 0.0369 * a + 0.0083 * a**2 - 0.002 * a**3)


def _normalisation(z: int, kinetic: float) -> float:
    elements = np.array(list(NORM))
    at_z = [np.interp(z, elements, column) for column in np.array(list(NORM.values())).T]
    return float(np.interp(math.log(kinetic), np.log(NORM_ENERGY), at_z))
