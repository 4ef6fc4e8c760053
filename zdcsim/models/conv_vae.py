"""The convolutional variational autoencoder that the published generators are compared with.

A decoder from ten latent numbers and the particle, an encoder that names the latent of a response:
D. Kingma, M. Welling, https://arxiv.org/abs/1312.6114; for the ZDC https://arxiv.org/abs/2306.13606
and, with the sizes taken here, https://arxiv.org/abs/2406.03263. Three differences: the up-sampling
convolutions are transposed ones; there is no normalisation (BatchNorm would make a response depend
on its batch, GroupNorm would take away the amplitude, which carries the light); the setting
`known` may give the computed features in place of the nine scaled conditions.

Axis key: B particles, Z latent numbers, 9 conditions, Nx by Ny fibres.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from zdcsim.conditions import NAMES
from zdcsim.geometry import Calorimeter
from zdcsim.models.blocks import SLOPE
from zdcsim.models.features import FEATURES, ParticleFeatures
from zdcsim.models.generator import NOISE_SIZE, Generator
from zdcsim.models.scaler import ConditionScaler
from zdcsim.models.sdi_gan import coarse
from zdcsim.optics import Machine

Known = Literal["features", "conditions"]
"""What the dense layers are told: the computed features, or the nine scaled conditions."""

ALIGHT = 0.1
"""Log photons of every fibre before training; a dark face behind a ReLU would never learn."""


class KnownOf(nn.Module):
    """What is known of a particle, from its scaled conditions."""

    def __init__(
        self,
        calorimeter: Calorimeter,
        scaler: ConditionScaler,
        known: Known,
        machine: Machine | None = None,
    ) -> None:
        super().__init__()
        self.scaler, self.known = scaler, known
        self.features = ParticleFeatures(calorimeter, machine)
        self.size = FEATURES if known == "features" else len(NAMES)

    def forward(self, conditions: Tensor) -> Tensor:
        """Features, shape (B, F), or the conditions as they are, shape (B, 9)."""
        if self.known == "conditions":
            return conditions
        features: Tensor = self.features(self.scaler.undo(conditions))[0]
        return features


class ConvVaeGenerator(Generator):
    """The decoder; the noise is the latent.

    Arguments:
        calorimeter: Fixes the grid.
        noise_size: Latent numbers; ten as published.
        widths: Channels of the seed and after the first two doublings.
        known: What it is told of the particle.
        machine: The magnets on the way; without one every particle flies straight.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        noise_size: int = NOISE_SIZE,
        widths: tuple[int, int, int] = (128, 64, 32),
        known: Known = "conditions",
        machine: Machine | None = None,
    ) -> None:
        super().__init__(calorimeter, noise_size)
        self.known = KnownOf(calorimeter, self.scaler, known, machine)
        self.seed_shape = (widths[0], *coarse(calorimeter, 8))
        self.seed = nn.Linear(noise_size + self.known.size, math.prod(self.seed_shape))
        self.doublings = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)
            for before, after in zip(widths, (*widths[1:], widths[2]), strict=True)
        )
        self.light = nn.Conv2d(widths[2], 1, 3, padding=1)
        assert self.light.bias is not None
        nn.init.constant_(self.light.bias, ALIGHT)

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Log photons, shape (B, Nx, Ny); see `Generator.forward`."""
        seed = self.seed(torch.cat([noise, self.known(conditions)], 1))
        maps = functional.leaky_relu(seed.unflatten(1, self.seed_shape), SLOPE)
        for doubling in self.doublings:
            maps = functional.leaky_relu(doubling(maps), SLOPE)
        log_photons = functional.relu(self.light(maps))
        return log_photons[:, 0, : self.calorimeter.nx, : self.calorimeter.ny]


class ConvVaeEncoder(nn.Module):
    """Response and particle to the mean and log variance of its latent.

    Arguments:
        calorimeter: The detector.
        scaler: The generator's.
        latent_size: Latent numbers.
        widths: Channels of the three strided convolutions.
        known: As in the generator.
        machine: As in the generator.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        scaler: ConditionScaler,
        latent_size: int = NOISE_SIZE,
        widths: tuple[int, int, int] = (32, 64, 128),
        known: Known = "conditions",
        machine: Machine | None = None,
    ) -> None:
        super().__init__()
        self.known = KnownOf(calorimeter, scaler, known, machine)
        layers: list[nn.Module] = []
        for before, after in zip((1, *widths[:2]), widths, strict=True):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=2), nn.LeakyReLU(SLOPE)]
        self.convolutions = nn.Sequential(*layers)
        cells = self.convolutions(torch.zeros(1, 1, *calorimeter.shape)).numel()
        self.posterior = nn.Linear(cells + self.known.size, 2 * latent_size)

    def forward(self, log_photons: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance, each of shape (B, Z).

        Arguments:
            log_photons: Shape (B, Nx, Ny).
            conditions: Scaled, shape (B, 9).
        """
        seen = self.convolutions(log_photons[:, None]).flatten(1)
        found = self.posterior(torch.cat([seen, self.known(conditions)], 1))
        mean, log_variance = found.chunk(2, 1)
        return mean, log_variance.clamp(-8, 4)
