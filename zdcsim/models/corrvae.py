"""CorrVAE: an autoencoder with latent numbers that carry chosen properties of a response.

"Particle physics DL-simulation with control over generated data properties" (Rogoziński, Dubiński,
Rokita, Deja), https://arxiv.org/abs/2405.14049, after https://arxiv.org/abs/2210.01796. The latent
has two parts: w carries centroid, photon sum, maximum and occupancy (`models.properties`), z the
rest. Both are normal, so the family generates like any other and O2's ten numbers are w and z.

Axis key: B particles, Z = W + rest latent numbers, 9 conditions, Nx by Ny fibres.
"""

from typing import Literal

from torch import Tensor

from zdcsim.geometry import Calorimeter
from zdcsim.models.conv_vae import ConvVaeGenerator
from zdcsim.models.generator import NOISE_SIZE, Generator
from zdcsim.models.properties import PropertyHead
from zdcsim.models.shower_vae import ShowerGenerator
from zdcsim.optics import Machine

Decoder = Literal["convolutions", "kernels"]


class CorrVaeGenerator(Generator):
    """The decoder of w and z, and the head that tells the properties of w.

    Arguments:
        calorimeter: Fixes the grid and where its face stands.
        noise_size: Latent numbers w and z together.
        properties: Those of them that are w, the first ones.
        decoder: `convolutions` as published, to mean log photons; `kernels` as in the shower
            autoencoder, to expected light from which counts are drawn.
        widths: Channels of the convolutions.
        hidden: Width of the dense layers of the kernels.
        kernels: Gaussians that a shower is made of.
        machine: The magnets on the way; without one every particle flies straight.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        noise_size: int = NOISE_SIZE,
        properties: int = 6,
        decoder: Decoder = "convolutions",
        widths: tuple[int, int, int] = (128, 64, 32),
        hidden: int = 96,
        kernels: int = 20,
        machine: Machine | None = None,
    ) -> None:
        super().__init__(calorimeter, noise_size)
        self.properties = properties
        self.decoder: Generator = (
            ConvVaeGenerator(calorimeter, noise_size, widths, known="features", machine=machine)
            if decoder == "convolutions"
            else ShowerGenerator(calorimeter, noise_size, hidden, kernels, machine)
        )
        self.decoder.scaler = self.scaler
        if isinstance(self.decoder, ConvVaeGenerator):
            self.decoder.known.scaler = self.scaler
        self.head = PropertyHead(calorimeter, self.scaler, properties, machine=machine)
        self.draws_counts = self.decoder.draws_counts

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Log photons, shape (B, Nx, Ny); see `Generator.forward`."""
        log_photons: Tensor = self.decoder(noise, conditions)
        return log_photons

    def counts(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Photo-electrons, shape (B, Nx, Ny); see `Generator.counts`."""
        return self.decoder.counts(noise, conditions)
