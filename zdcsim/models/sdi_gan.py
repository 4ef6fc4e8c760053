"""Generator and discriminator of the SDI-GAN, a conditional DCGAN.

"Generative Diversity in Conditional GANs with an application to the ZDC" (Dubiński, Deja, Wenzel,
Rokita, Trzciński), https://arxiv.org/abs/2207.01561, for ZN; https://arxiv.org/abs/2406.03263 for
ZP. Both build a response from a dense seed by nearest-neighbour doubling and convolutions and end
in a ReLU, so that exact zeros exist. Here the seed is one quarter of the face, rounded up, and the
last maps are cropped to the face, so one class serves every calorimeter.

Two named settings go beyond the publications and are off there: `impact_maps` and `see_sums`.

Axis key: B particles, Z noise numbers, 9 conditions, Nx by Ny fibres, L latent numbers.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from zdcsim.channels import channel_masks
from zdcsim.conditions import NAMES
from zdcsim.geometry import Calorimeter
from zdcsim.models.blocks import SLOPE, ModulatedConv, StridedConv
from zdcsim.models.features import FEATURES, MAPS, ImpactMaps, ParticleFeatures
from zdcsim.models.generator import NOISE_SIZE, Generator
from zdcsim.models.precision import single_precision
from zdcsim.models.scaler import ConditionScaler
from zdcsim.optics import Machine


def coarse(calorimeter: Calorimeter, step: int) -> tuple[int, int]:
    """Cells of `step` by `step` fibres that cover the face, along x and along y."""
    return math.ceil(calorimeter.nx / step), math.ceil(calorimeter.ny / step)


class SdiGanGenerator(Generator):
    """Noise and conditions to log photons.

    Arguments:
        calorimeter: Fixes the grid and where its face stands.
        noise_size: O2 gives ten.
        hidden: Width of the two dense layers that make the style.
        widths: Channels of the seed and after each of the two doublings.
        impact_maps: Give every convolution the cells' positions relative to the impact point and
            the style the computed features; without it the network sees the nine scaled
            conditions only, as published.
        machine: The magnets on the way; without one every particle flies straight.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        noise_size: int = NOISE_SIZE,
        hidden: int = 128,
        widths: tuple[int, int, int] = (32, 16, 8),
        impact_maps: bool = True,
        machine: Machine | None = None,
    ) -> None:
        super().__init__(calorimeter, noise_size)
        self.impact_maps = impact_maps
        self.features = ParticleFeatures(calorimeter, machine)
        known, maps = (FEATURES, MAPS) if impact_maps else (len(NAMES), 0)
        self.style = nn.Sequential(
            nn.Linear(noise_size + known, hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(SLOPE),
        )
        self.seed_shape = (widths[0], *coarse(calorimeter, 4))
        self.seed = nn.Linear(hidden, math.prod(self.seed_shape))
        self.middle_maps = ImpactMaps(calorimeter, 2, _doubled(self.seed_shape[1:]))
        self.fine_maps = ImpactMaps(calorimeter, 1, _doubled(_doubled(self.seed_shape[1:])))
        self.middle = ModulatedConv(widths[0] + maps, widths[1], hidden)
        self.fine = ModulatedConv(widths[1] + maps, 4 * widths[2], hidden)
        self.gain = nn.Linear(hidden, maps) if maps else None
        self.light = nn.Conv2d(widths[2] + maps, 1, 3, padding=1)

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Log photons, shape (B, Nx, Ny); see `Generator.forward`."""
        features, impact = self.features(self.scaler.undo(conditions))
        with single_precision(conditions):
            style = self.style(torch.cat([noise, features if self.impact_maps else conditions], 1))
        maps = functional.leaky_relu(self.seed(style).unflatten(1, self.seed_shape), SLOPE)
        maps = functional.interpolate(maps, scale_factor=2.0, mode="nearest")
        middle_maps, fine_maps = self.middle_maps(impact), self.fine_maps(impact)
        maps = self.middle(self._located(maps, middle_maps), style)
        maps = self.fine(self._located(maps, middle_maps), style)
        if self.gain is not None:
            fine_maps = self.gain(style)[:, :, None, None] * fine_maps
        maps = self._located(functional.pixel_shuffle(maps, 2), fine_maps)
        log_photons = functional.relu(self.light(maps))
        return log_photons[:, 0, : self.calorimeter.nx, : self.calorimeter.ny]

    def _located(self, maps: Tensor, impact_maps: Tensor) -> Tensor:
        return torch.cat([maps, impact_maps], dim=1) if self.impact_maps else maps


def _doubled(shape: tuple[int, int]) -> tuple[int, int]:
    return 2 * shape[0], 2 * shape[1]


class SdiGanDiscriminator(nn.Module):
    """Tells Monte Carlo responses from generated ones, given the particle.

    Arguments:
        calorimeter: The detector judged.
        scaler: The generator's; fitted once, shared, never trained.
        hidden: Width of the two dense layers; the second is the latent that the diversity
            term measures distances in.
        widths: Channels of the three strided convolutions.
        impact_maps: As in the generator.
        see_sums: Show the logarithm of the five channel sums (O2's) to the dense layers. The
            convolutions see log photons, in which the brightest fibres, hence the light, weigh
            little.
        machine: As in the generator.
    """

    masks: Tensor

    def __init__(
        self,
        calorimeter: Calorimeter,
        scaler: ConditionScaler,
        hidden: int = 64,
        widths: tuple[int, int, int] = (16, 32, 32),
        impact_maps: bool = True,
        see_sums: bool = True,
        machine: Machine | None = None,
    ) -> None:
        super().__init__()
        self.scaler, self.impact_maps, self.see_sums = scaler, impact_maps, see_sums
        self.features = ParticleFeatures(calorimeter, machine)
        self.maps = ImpactMaps(calorimeter, 1, calorimeter.shape)
        masks = channel_masks(calorimeter, "o2").reshape(-1, calorimeter.nx * calorimeter.ny)
        self.register_buffer("masks", torch.from_numpy(masks.astype(np.float32)), persistent=False)
        known, maps = (FEATURES, MAPS) if impact_maps else (len(NAMES), 0)
        self.convolutions = nn.Sequential(
            StridedConv(1 + maps, widths[0], normalise=False),
            StridedConv(widths[0], widths[1]),
            StridedConv(widths[1], widths[2]),
        )
        cells = math.prod(coarse(calorimeter, 8)) * widths[2]
        # One layer over both would drown the few known numbers in the thousand of the maps.
        self.from_maps = nn.Linear(cells, hidden)
        self.from_known = nn.Linear(known + see_sums * len(masks), hidden)
        self.dense = nn.Sequential(
            nn.LeakyReLU(SLOPE), nn.Linear(hidden, hidden), nn.LeakyReLU(SLOPE)
        )
        self.verdict = nn.Linear(hidden, 1)

    def forward(self, log_photons: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Logit that the response is Monte Carlo, shape (B,), and latent, shape (B, L).

        Arguments:
            log_photons: Shape (B, Nx, Ny).
            conditions: Scaled, shape (B, 9).
        """
        features, impact = self.features(self.scaler.undo(conditions))
        maps = log_photons[:, None]
        if self.impact_maps:
            maps = torch.cat([maps, self.maps(impact)], dim=1)
        seen = self.from_maps(self.convolutions(maps).flatten(1))
        known = self._known(log_photons, features if self.impact_maps else conditions)
        latent = self.dense(seen + known)
        return self.verdict(latent)[:, 0], latent

    def _known(self, log_photons: Tensor, particle: Tensor) -> Tensor:
        """What the dense layers are told beside the maps, in float32, shape (B, hidden).

        Arguments:
            log_photons: Shape (B, Nx, Ny).
            particle: Features or scaled conditions, shape (B, F).
        """
        with single_precision(particle):
            known = particle
            if self.see_sums:
                sums = torch.expm1(log_photons.float()).flatten(1) @ self.masks.T
                known = torch.cat([known, torch.log1p(sums)], dim=1)
            told: Tensor = self.from_known(known)
        return told
