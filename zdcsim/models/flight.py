"""From the vertex to the plane of a calorimeter's face, and on to its back, inside the graph.

At batch 1 a graph takes as long as it has nodes, so both planes are reached in one go.

Axis key: B particles, 9 conditions, T terms.
"""

from dataclasses import replace
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from zdcsim.conditions import CHARGE, PX, PY, PZ, VX, VY, VZ
from zdcsim.geometry import Calorimeter, Side
from zdcsim.optics import Machine
from zdcsim.transfer import TERMS, entrance, transfer_series, unit

ELEMENTS = 12
"""Numbers of a side that carry a particle, see `_face_and_drift`."""

SMALLEST_PZ = 1e-3  # GeV/c; slower ones miss the face, at every angle that counts


def only(conditions: Tensor, column: int) -> Tensor:
    """One column of the conditions (B, 9), as shape (B, 1): in a graph, one node and not three."""
    return conditions[:, column : column + 1]


def flight(calorimeter: Calorimeter, machine: Machine | None) -> "StraightFlight | BentFlight":
    """Conditions in O2's units, shape (B, 9), to x and y at the face and the drift behind it.

    Both are in cm, shape (B, 2) each. The drift is how much farther x and y are at the back, for a
    particle that nothing stops on the way.

    Arguments:
        calorimeter: Its block on the side towards which a particle flies.
        machine: The magnets on the way; without one every particle flies straight.
    """
    return StraightFlight(calorimeter) if machine is None else BentFlight(calorimeter, machine)


def slopes_of(conditions: Tensor) -> Tensor:
    """Slopes along x and y away from the interaction point, to either side, shape (B, 2)."""
    return conditions[:, PX : PY + 1] / only(conditions, PZ).abs().clamp(min=SMALLEST_PZ)


class StraightFlight(nn.Module):
    """A straight line from the vertex, see `flight`."""

    def __init__(self, calorimeter: Calorimeter) -> None:
        super().__init__()
        on_a, on_c = calorimeter.front_a, -calorimeter.front_c
        self.middle, self.apart = (on_a + on_c) / 2, (on_c - on_a) / 2
        self.length = 2 * calorimeter.half_z

    def forward(self, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Place and drift, see `flight`."""
        side = torch.sign(only(conditions, PZ))
        way = self.middle - side * (only(conditions, VZ) + self.apart)
        slopes = slopes_of(conditions)
        return conditions[:, VX : VY + 1] + slopes * way, slopes * self.length


class MagnetEntrance(nn.Module):
    """A particle where the first magnet begins, and how much the magnets will bend it.

    Arguments:
        machine: Its magnets.
    """

    powers: Tensor

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.distance, self.unit = entrance(machine), unit(machine)
        self.register_buffer("powers", torch.arange(TERMS).float(), persistent=False)

    def forward(self, conditions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Place and slope there, shape (B, 2) each, and powers of the bending, shape (B, T)."""
        slopes = slopes_of(conditions)
        way = self.distance - torch.sign(only(conditions, PZ)) * only(conditions, VZ)
        places = conditions[:, VX : VY + 1] + slopes * way
        return places, slopes, torch.pow(self.bending(conditions), self.powers)

    def bending(self, conditions: Tensor) -> Tensor:
        """Charge over momentum, the largest that is carried being 1 and -1, shape (B, 1)."""
        aside, along = conditions[:, PX : PY + 1], only(conditions, PZ)
        square = (aside * aside).sum(1, keepdim=True) + along * along
        size = torch.sqrt(square).clamp(min=SMALLEST_PZ)
        return (only(conditions, CHARGE) * (self.unit / 3) / size).clamp(-1, 1)


class BentFlight(nn.Module):
    """Through the linear optics of the machine, see `flight` and `zdcsim.transfer`.

    Particles of less than a twentieth of the beam's rigidity are carried as if they had that: D1
    bends both far off the calorimeters. Apertures stop nothing here; see `zdcsim.models.aperture`.
    """

    coefficients: Tensor

    def __init__(self, calorimeter: Calorimeter, machine: Machine) -> None:
        super().__init__()
        self.at_magnets = MagnetEntrance(machine)
        both = [_face_and_drift(calorimeter, machine, side) for side in get_args(Side)]
        coefficients = torch.from_numpy(np.concatenate(both, axis=1)).float()
        self.register_buffer("coefficients", coefficients, persistent=False)

    def forward(self, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Place and drift, see `flight`."""
        places, slopes, powers = self.at_magnets(conditions)
        on_a, on_c = torch.split(torch.matmul(powers, self.coefficients), ELEMENTS, 1)
        elements = torch.where(only(conditions, PZ) > 0, on_a, on_c)
        from_place, from_slope, bent = torch.split(elements, 4, 1)
        found = from_place * torch.cat([places, places], 1)
        found = found + from_slope * torch.cat([slopes, slopes], 1) + bent
        place, drift = torch.split(found, 2, 1)
        return place, drift


def _face_and_drift(calorimeter: Calorimeter, machine: Machine, side: Side) -> NDArray[np.float64]:
    """Coefficients of x and y at the face and of their drift, shape (T, 12).

    Four from the place at the first magnet, four from the slope there, four of a particle along
    the axis: x and y at the face, then how much farther they are at the back.
    """
    length = 2 * calorimeter.half_z
    behind = replace(
        calorimeter, front_a=calorimeter.front_a + length, front_c=calorimeter.front_c - length
    )
    face = transfer_series(machine, calorimeter, side).coefficients
    drift = transfer_series(machine, behind, side).coefficients - face
    pairs = [each[:, k : k + 2] for k in (0, 2, 4) for each in (face, drift)]
    return np.concatenate(pairs, axis=1)
