"""Where a particle meets the plane of a calorimeter's face, computed inside the graph.

Axis key: B particles, 9 conditions.
"""

import torch
from torch import Tensor, nn

from zdcsim.geometry import Calorimeter
from zdcsim.models.flight import flight
from zdcsim.optics import Machine


class Impact(nn.Module):
    """Where the flight path meets the face, in pitches from its lower corner.

    A fibre with index i is centred at i + 0.5. The point is clamped to one face width outside
    the face, so that particles that fly elsewhere stay finite.

    Arguments:
        calorimeter: Whose face.
        machine: The magnets on the way; without one every particle flies straight.
    """

    def __init__(self, calorimeter: Calorimeter, machine: Machine | None = None) -> None:
        super().__init__()
        self.flight, self.pitch = flight(calorimeter, machine), calorimeter.pitch
        for name, values in {
            "centre": (calorimeter.centre_x, 0.0),
            "half_width": (calorimeter.half_x, calorimeter.half_y),
            "half_face": (calorimeter.nx / 2, calorimeter.ny / 2),
        }.items():
            self.register_buffer(name, torch.tensor(values), persistent=False)

    centre: Tensor
    half_width: Tensor
    half_face: Tensor

    def forward(self, conditions: Tensor) -> Tensor:
        """x and y in pitches, shape (B, 2), of conditions in O2's units, shape (B, 9)."""
        place, _ = self.arrival(conditions)
        return self.in_pitches(place)

    def arrival(self, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Where the particle arrives and where it would go from there, shape (B, 2) each.

        The place is in half widths from the middle: -1 and 1 are the edges. The drift is how much
        farther x and y are at the back of the block, in pitches.
        """
        at, drift = self.flight(conditions)
        return ((at - self.centre) / self.half_width).clamp(-3, 3), drift / self.pitch

    def in_pitches(self, place: Tensor) -> Tensor:
        """A place in half widths from the middle in pitches from the lower corner, shape (B, 2)."""
        return (place + 1) * self.half_face
