"""How far a particle stays away from the beam pipe on its way, computed inside the graph.

What the magnets bend too much never arrives: protons of less than a quarter of the beam's momentum
meet the pipe in D1 and not the ZP that lies in their direction. Few are simulated on either side of
that limit, so where it is must not have to be learnt.

Axis key: B particles, 9 conditions, T terms, E elements, P planes at which an aperture is checked.
"""

from typing import get_args

import numpy as np
import torch
from torch import Tensor, nn

from zdcsim.conditions import PZ
from zdcsim.geometry import Side
from zdcsim.models.flight import MagnetEntrance, only
from zdcsim.models.precision import single_precision
from zdcsim.optics import Machine
from zdcsim.transfer import ELEMENTS, aperture_series


class Clearance(nn.Module):
    """One minus the largest distance from the axis on the way, in radii of the aperture there.

    Above 0 the particle passes every aperture that the simulation checks; one stops it at 0 and
    below, down to -1 where the number is cut. See `zdcsim.transfer.aperture_series`.

    Arguments:
        machine: The magnets and their apertures.
    """

    coefficients: Tensor

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.at_magnets = MagnetEntrance(machine)
        both = np.stack([aperture_series(machine, side) for side in get_args(Side)], axis=1)
        self.planes = both.shape[-1]
        coefficients = torch.from_numpy(both).float().flatten(1)
        self.register_buffer("coefficients", coefficients, persistent=False)

    def forward(self, conditions: Tensor) -> Tensor:
        """Shape (B, 1), of conditions in O2's units, shape (B, 9); float32 throughout."""
        with single_precision(conditions):
            return self._found(conditions)

    def _found(self, conditions: Tensor) -> Tensor:
        places, slopes, powers = self.at_magnets(conditions)
        elements = torch.matmul(powers, self.coefficients)
        on_a, on_c = torch.split(elements, ELEMENTS * self.planes, 1)
        elements = torch.where(only(conditions, PZ) > 0, on_a, on_c)
        elements = elements.reshape(-1, ELEMENTS // 2, 2, self.planes)
        entering = torch.stack([places, slopes], 1).unsqueeze(3)
        in_radii = (elements[:, :2] * entering).sum(1) + elements[:, 2]
        farthest = torch.sqrt((in_radii * in_radii).sum(1).amax(1, keepdim=True))
        return (1 - farthest).clamp(min=-1)
