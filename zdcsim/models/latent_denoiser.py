"""A small dense network between latents, told the particle.

Axis key: B rows, Z latent numbers.
"""

import torch
from torch import Tensor, nn

from zdcsim.geometry import Calorimeter
from zdcsim.models.denoiser import TIME_FEATURES, Denoiser, Known, time_features
from zdcsim.models.features import FEATURES, ParticleFeatures
from zdcsim.optics import Machine


class LatentDenoiser(Denoiser):
    """Mixtures of latents and noise; four dense layers.

    Arguments:
        calorimeter: Fixes where the particle meets the face.
        latent_size: Z.
        hidden: Width.
        machine: The magnets on the way; without one every particle flies straight.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        latent_size: int,
        hidden: int = 128,
        machine: Machine | None = None,
    ) -> None:
        super().__init__()
        self.features = ParticleFeatures(calorimeter, machine)
        self.layers = nn.Sequential(
            nn.Linear(latent_size + TIME_FEATURES + FEATURES, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, latent_size),
        )

    def known(self, conditions: Tensor) -> Known:
        """Features of the particle; see `Denoiser.known`."""
        features, _ = self.features(conditions)
        return (features,)

    def forward(self, mixture: Tensor, time: Tensor, known: Known) -> Tensor:
        """Unit numbers, shape (B, Z); see `Denoiser.forward`."""
        found: Tensor = self.layers(torch.cat([mixture, time_features(time), known[0]], 1))
        return found
