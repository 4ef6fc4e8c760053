"""From the vertex to the plane of a calorimeter's face, inside the graph.

Axis key: B particles, 9 conditions, T terms, E elements of `zdcsim.transfer`.
"""

import torch
from torch import Tensor, nn

from zdcsim.conditions import CHARGE, PX, PY, PZ, VX, VY, VZ
from zdcsim.geometry import Calorimeter
from zdcsim.optics import Machine
from zdcsim.transfer import TERMS, transfer_series

SMALLEST_PZ = 1e-3  # GeV/c; slower ones miss the face, at every angle that counts


def only(conditions: Tensor, column: int) -> Tensor:
    """One column of the conditions (B, 9), as shape (B, 1): in a graph, one node and not three."""
    return conditions[:, column : column + 1]


def flight(calorimeter: Calorimeter, machine: Machine | None) -> "StraightFlight | BentFlight":
    """Conditions in O2's units, shape (B, 9), to x and y at the face, cm, shape (B, 2).

    Arguments:
        calorimeter: Its face on the side towards which a particle flies.
        machine: The magnets on the way; without one every particle flies straight.
    """
    return StraightFlight(calorimeter) if machine is None else BentFlight(calorimeter, machine)


class StraightFlight(nn.Module):
    """A straight line from the vertex, see `flight`."""

    def __init__(self, calorimeter: Calorimeter) -> None:
        super().__init__()
        self.calorimeter = calorimeter

    def forward(self, conditions: Tensor) -> Tensor:
        """x and y, see `flight`."""
        pz = only(conditions, PZ)
        forward = pz > 0
        front = torch.where(forward, self.calorimeter.front_a, self.calorimeter.front_c)
        size = pz.abs().clamp(min=SMALLEST_PZ)
        way = (front - only(conditions, VZ)) / torch.where(forward, size, -size)
        return conditions[:, VX : VY + 1] + conditions[:, PX : PY + 1] * way


class BentFlight(nn.Module):
    """Through the linear optics of the machine, see `flight` and `zdcsim.transfer`.

    Particles of less than a twentieth of the beam's rigidity are carried as if they had that: D1
    bends both far off the calorimeters. Apertures stop nothing here.
    """

    coefficients: Tensor
    powers: Tensor

    def __init__(self, calorimeter: Calorimeter, machine: Machine) -> None:
        super().__init__()
        on_a, on_c = (transfer_series(machine, calorimeter, side) for side in ("A", "C"))
        self.entrance, self.unit = on_a.entrance_cm, on_a.unit_gev
        both = torch.from_numpy(on_a.coefficients), torch.from_numpy(on_c.coefficients)
        self.register_buffer("coefficients", torch.cat(both, 1).float(), persistent=False)
        self.register_buffer("powers", torch.arange(TERMS).float(), persistent=False)

    def forward(self, conditions: Tensor) -> Tensor:
        """x and y, see `flight`."""
        pz = only(conditions, PZ)
        slopes = conditions[:, PX : PY + 1] / pz.abs().clamp(min=SMALLEST_PZ)
        way = self.entrance - torch.sign(pz) * only(conditions, VZ)
        places = conditions[:, VX : VY + 1] + slopes * way
        elements = torch.matmul(torch.pow(self.bending(conditions), self.powers), self.coefficients)
        on_a, on_c = elements.chunk(2, 1)
        from_place, from_slope, bent = torch.where(pz > 0, on_a, on_c).chunk(3, 1)
        return from_place * places + from_slope * slopes + bent

    def bending(self, conditions: Tensor) -> Tensor:
        """Charge over momentum, the largest that is carried being 1 and -1, shape (B, 1)."""
        momentum = conditions[:, PX : PZ + 1]
        size = torch.sqrt((momentum * momentum).sum(1, keepdim=True)).clamp(min=SMALLEST_PZ)
        return (only(conditions, CHARGE) * (self.unit / 3) / size).clamp(-1, 1)
