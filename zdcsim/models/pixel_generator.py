"""Responses moved out of noise fibre by fibre.

The ten numbers that O2 draws become one normal number a fibre inside the graph (`FibreNoise`);
training takes free ones, from the same distribution.

Axis key: B particles, Z noise numbers, Nx by Ny fibres.
"""

from torch import Tensor
from torch.nn import functional

from zdcsim.geometry import Calorimeter
from zdcsim.models.fibre_noise import FibreNoise
from zdcsim.models.generator import NOISE_SIZE, Generator
from zdcsim.models.transport import Transport


class PixelGenerator(Generator):
    """Log photons at the end of a transport.

    Arguments:
        calorimeter: Fixes the grid.
        transport: Of M = Nx Ny numbers a row.
        noise_size: Normal numbers that a response gets.
    """

    def __init__(
        self, calorimeter: Calorimeter, transport: Transport, noise_size: int = NOISE_SIZE
    ) -> None:
        super().__init__(calorimeter, noise_size)
        self.own_noise, self.transport = 0, transport
        self.fibre_noise = FibreNoise(noise_size, calorimeter.nx * calorimeter.ny)

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Log photons, shape (B, Nx, Ny); see `Generator.forward`."""
        _, normal = self.fibre_noise(noise)
        return self.moved(normal.flatten(1), conditions)

    def moved(self, normal: Tensor, conditions: Tensor) -> Tensor:
        """Log photons, shape (B, Nx, Ny), from one normal number a fibre, shape (B, Nx Ny)."""
        log_photons = self.transport(normal, self.scaler.undo(conditions))
        return functional.relu(log_photons).reshape(-1, *self.calorimeter.shape)
