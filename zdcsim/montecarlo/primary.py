"""A primary in front of a calorimeter, as Geant4 gets it; without Geant4 itself.

Axis key: none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import PX, PY, PZ
from zdcsim.geometry import Calorimeter
from zdcsim.montecarlo.arrival import arrival
from zdcsim.optics import Machine

GAP_MM = 10.0
"""Primaries start this far before the front face."""


@dataclass(frozen=True)
class Primary:
    """A particle on its way to the front face, in the block's own frame, mm and MeV."""

    pdg: int
    position: tuple[float, float, float]
    momentum: tuple[float, float, float]


def primary_of(
    pdg: int,
    conditions: NDArray[np.floating],
    calorimeter: Calorimeter,
    machine: Machine | None = None,
) -> Primary:
    """Where and how a particle from its vertex arrives.

    On the C side the block is the mirror image of the one on the A side, so pz loses its sign.

    Arguments:
        pdg: PDG code.
        conditions: The nine conditions, shape (9,).
        calorimeter: The block it meets.
        machine: The magnets on the way; without, it flies straight.
    """
    x, slope_x, y, slope_y = arrival(conditions[None], calorimeter, machine)[0]
    px, py, pz = (1000.0 * float(conditions[i]) for i in (PX, PY, PZ))
    pz = abs(pz)
    if machine is not None:
        size = (px**2 + py**2 + pz**2) ** 0.5
        pz = size / (1 + slope_x**2 + slope_y**2) ** 0.5
        px, py = pz * slope_x, pz * slope_y
    start = (
        10 * x - 10 * calorimeter.centre_x - GAP_MM * px / pz,
        10 * y - GAP_MM * py / pz,
        -10 * calorimeter.half_z - GAP_MM,
    )
    return Primary(pdg, start, (px, py, pz))
