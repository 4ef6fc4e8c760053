"""Particles on which a bundle is compared with the networks it was made from.

Axis key: N particles, 9 conditions.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, ENERGY, MASS, NAMES, PX, PY, PZ
from zdcsim.geometry import Calorimeter

ENERGIES_GEV = (1.0, 5.0, 30.0, 200.0, 1000.0, 3000.0, 7000.0)
PROTON = (938.272, 3)
MASS_MEV_AND_CHARGE = ((939.565, 0), (0.0, 0), PROTON, (139.570, -3))
"""Neutron, photon, proton and negative pion; the charge in e/3."""

PLACES = ((0.0, 0.0), (0.45, -0.6), (-0.9, 0.7), (1.5, 0.0))
"""Where on the face, relative to its centre in half widths; the last one is outside."""

BENT_GEV = (1700.0, 2000.0, 2400.0, 2800.0, 3200.0, 3600.0, 4000.0)
"""Of protons along the beam, which D1 bends into the ZP: 0.24 to 0.57 of the beam's momentum."""


def reference_conditions(calorimeter: Calorimeter) -> NDArray[np.float32]:
    """Particles of every kind that O2 hands over, shape (N, 9).

    Energies from 1 GeV to 7 TeV, neutral and charged, towards both sides, over and beyond the face
    and along the beam; particles of 1 TeV flying across the beam, with pz = 0; then protons along
    the beam that D1 bends into the ZP.
    """
    along = (-calorimeter.centre_x / calorimeter.half_x, 0.0)
    rows = [
        _particle(calorimeter, energy, mass, charge, place, direction)
        for energy, (mass, charge), place, direction in product(
            ENERGIES_GEV, MASS_MEV_AND_CHARGE, dict.fromkeys([*PLACES, along]), (1, -1)
        )
    ]
    across = [_across(mass, charge) for mass, charge in MASS_MEV_AND_CHARGE]
    bent = [
        _particle(calorimeter, energy, *PROTON, along, direction)
        for energy, direction in product(BENT_GEV, (1, -1))
    ]
    return np.stack([*rows, *across, *bent])


def _particle(
    calorimeter: Calorimeter,
    energy: float,
    mass: float,
    charge: int,
    place: tuple[float, float],
    direction: int,
) -> NDArray[np.float32]:
    momentum = np.sqrt(energy**2 - (mass / 1000) ** 2)
    front = calorimeter.front_a if direction > 0 else calorimeter.front_c
    x = calorimeter.centre_x + place[0] * calorimeter.half_x
    flight = np.array([x, place[1] * calorimeter.half_y, front])
    conditions = np.zeros(len(NAMES), np.float32)
    conditions[[PX, PY, PZ]] = momentum * flight / np.linalg.norm(flight)
    conditions[[ENERGY, MASS, CHARGE]] = energy, mass, charge
    return conditions


def _across(mass: float, charge: int) -> NDArray[np.float32]:
    conditions = np.zeros(len(NAMES), np.float32)
    conditions[[ENERGY, PX, MASS, CHARGE]] = 1000.0, 1000.0, mass, charge
    return conditions
