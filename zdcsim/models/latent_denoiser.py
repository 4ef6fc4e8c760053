"""A small dense network between latents, told the particle.

Axis key: B rows, Z latent numbers.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

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
        self.latent_size = latent_size
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
        """What the particle adds to the first layer, (B, hidden); see `Denoiser.known`."""
        features, _ = self.features(conditions)
        return (functional.linear(features, self._columns()[2]),)

    def forward(self, mixture: Tensor, time: Tensor, known: Known) -> Tensor:
        """Unit numbers, shape (B, Z); see `Denoiser.forward`.

        The first layer is taken apart: what depends on the particle is computed once for all times,
        what depends on the time alone is a constant of the exported graph.
        """
        of_mixture, of_time, _ = self._columns()
        at_time = functional.linear(time_features(time), of_time, self.first.bias)
        found: Tensor = self.layers[1:](torch.addmm(at_time, mixture, of_mixture.T) + known[0])
        return found

    @property
    def first(self) -> nn.Linear:
        """The layer that sees mixture, time and particle."""
        layer = self.layers[0]
        assert isinstance(layer, nn.Linear)
        return layer

    def _columns(self) -> tuple[Tensor, Tensor, Tensor]:
        """The first layer's weights of the mixture, of the time and of the particle."""
        sizes = [self.latent_size, TIME_FEATURES, FEATURES]
        mixture, time, particle = torch.split(self.first.weight, sizes, 1)
        return mixture, time, particle
