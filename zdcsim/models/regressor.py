"""The auxiliary regressor: where in a response the shower is.

It learns the place from Monte Carlo responses and then tells the generator where its own showers
are; https://arxiv.org/abs/2306.13606 and https://arxiv.org/abs/2406.03263. It shares no weight
with the discriminator and has no layer that behaves differently when it learns and when it judges.

Axis key: B responses, Nx by Ny fibres.
"""

import math

import torch
from torch import Tensor, nn

from zdcsim.geometry import Calorimeter
from zdcsim.models.blocks import SLOPE, StridedConv


class PositionRegressor(nn.Module):
    """Log photons to the position of the shower, in pitches from the lower corner of the face.

    Arguments:
        calorimeter: The detector looked at.
        hidden: Width of the dense layer.
        widths: Channels of the three strided convolutions.
    """

    centre: Tensor

    def __init__(
        self,
        calorimeter: Calorimeter,
        hidden: int = 32,
        widths: tuple[int, int, int] = (8, 16, 16),
    ) -> None:
        super().__init__()
        self.register_buffer("centre", torch.tensor(calorimeter.shape) / 2, persistent=False)
        cells = math.ceil(calorimeter.nx / 8) * math.ceil(calorimeter.ny / 8)
        self.layers = nn.Sequential(
            StridedConv(1, widths[0]),
            StridedConv(widths[0], widths[1]),
            StridedConv(widths[1], widths[2]),
            nn.Flatten(),
            nn.Linear(cells * widths[2], hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, 2),
        )

    def forward(self, log_photons: Tensor) -> Tensor:
        """x and y in pitches, shape (B, 2), of log photons, shape (B, Nx, Ny).

        The last layer works in units of half the face, so that it starts at the centre. Where it
        runs in bfloat16, that is left before the centre is added, or places come in steps of a
        sixth of a pitch.
        """
        position: Tensor = self.centre * (1 + self.layers(log_photons[:, None]).float())
        return position
