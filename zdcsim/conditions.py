"""The nine numbers that describe a primary particle, in O2's order and units.

Axis key: N particles, 9 conditions.

Source: AliceO2, Detectors/ZDC/simulation/src/Detector.cxx, BeginPrimary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter

ChargeUnit = Literal["e/3", "e"]


@dataclass(frozen=True)
class Condition:
    """One condition: its name (also its column in our files) and its unit."""

    name: str
    unit: str


CONDITIONS = (
    Condition("energy", "GeV"),
    Condition("vx", "cm"),
    Condition("vy", "cm"),
    Condition("vz", "cm"),
    Condition("px", "GeV/c"),
    Condition("py", "GeV/c"),
    Condition("pz", "GeV/c"),
    Condition("mass", "MeV"),
    Condition("charge", "e/3"),
)
NAMES = tuple(condition.name for condition in CONDITIONS)
ENERGY, VX, VY, VZ, PX, PY, PZ, MASS, CHARGE = range(len(CONDITIONS))


def in_o2_units(conditions: NDArray[np.floating], charge_unit: ChargeUnit) -> NDArray[np.floating]:
    """Conditions (N, 9) with the charge in e/3, from a source that has it in `charge_unit`."""
    if charge_unit == "e/3":
        return conditions
    converted = conditions.copy()
    converted[:, CHARGE] *= 3
    return converted


def energy_bins(
    conditions: NDArray[np.floating], edges: Sequence[float]
) -> list[tuple[float, float, NDArray[np.bool_]]]:
    """Bins low <= energy < high; the last holds its upper edge too.

    Arguments:
        conditions: Shape (N, 9).
        edges: Of the bins, GeV, ascending.

    Returns:
        Lower and upper edge of every bin, and which particles are in it, shape (N,).
    """
    energy = conditions[:, ENERGY]
    below = [*(energy < high for high in edges[1:-1]), energy <= edges[-1]]
    return [
        (low, high, (energy >= low) & under)
        for (low, high), under in zip(pairwise(edges), below, strict=True)
    ]


def impact(conditions: NDArray[np.floating], calorimeter: Calorimeter) -> NDArray[np.float64]:
    """Where a particle that flies straight from its vertex meets the plane of the front face.

    Arguments:
        conditions: Shape (N, 9).
        calorimeter: Its plane on the A side is used for pz > 0, on the C side otherwise.

    Returns:
        x and y in ALICE's frame, cm, shape (N, 2); infinite for pz = 0.
    """
    c = np.asarray(conditions, dtype=np.float64)
    front = np.where(c[:, PZ] > 0, calorimeter.front_a, calorimeter.front_c)
    with np.errstate(divide="ignore", invalid="ignore"):
        flight = (front - c[:, VZ]) / c[:, PZ]
        return np.stack([c[:, VX] + c[:, PX] * flight, c[:, VY] + c[:, PY] * flight], axis=1)
