"""A small U-Net between grids of fibres, as flow matching and diffusion use it.

Two halvings of the grid with one shortcut between them. It goes beyond the published networks
(https://arxiv.org/abs/2507.18811, of about 70 000 weights; this one has 107 891) by what the other
families here have as well: maps of the place relative to the impact point, a style that modulates
every convolution, and GroupNorm. The finest grid is only touched by the first and the last layer,
which is what makes it fast on a CPU.

Axis key: B responses, M = Nx Ny fibres, h by w cells.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from zdcsim.geometry import Calorimeter
from zdcsim.models.blocks import SLOPE, ModulatedConv, StridedConv
from zdcsim.models.denoiser import TIME_FEATURES, Denoiser, Known, time_features
from zdcsim.models.features import FEATURES, MAPS, ImpactMaps, ParticleFeatures
from zdcsim.models.sdi_gan import coarse
from zdcsim.optics import Machine

FINE = 8
"""Channels on the finest grid."""


class UNet(Denoiser):
    """Mixtures of log photons and noise, fibre by fibre.

    Arguments:
        calorimeter: Fixes the grid.
        widths: Channels at half and at a quarter of the fineness; multiples of 4.
        hidden: Width of the two dense layers that make the style.
        machine: The magnets on the way; without one every particle flies straight.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        widths: tuple[int, int] = (24, 48),
        hidden: int = 64,
        machine: Machine | None = None,
    ) -> None:
        super().__init__()
        self.shape, (half, quarter) = calorimeter.shape, widths
        self.features = ParticleFeatures(calorimeter, machine)
        self.fine_maps = ImpactMaps(calorimeter, 1, calorimeter.shape)
        self.half_maps = ImpactMaps(calorimeter, 2, coarse(calorimeter, 2))
        self.style = nn.Sequential(
            nn.Linear(FEATURES + TIME_FEATURES, hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(SLOPE),
        )
        self.enter = StridedConv(1 + MAPS, half, normalise=False)
        self.before = ModulatedConv(half + MAPS, half, hidden)
        self.down = StridedConv(half, quarter)
        self.deep = nn.ModuleList(ModulatedConv(quarter, quarter, hidden) for _ in range(2))
        self.up = nn.Conv2d(quarter, half, 1)
        self.after = ModulatedConv(2 * half + MAPS, half, hidden)
        self.fine = ModulatedConv(half, 4 * FINE, hidden)
        self.gain = nn.Linear(hidden, 1 + MAPS)
        self.last = nn.Conv2d(FINE + 1 + MAPS, 1, 3, padding=1)

    def known(self, conditions: Tensor) -> Known:
        """Features, fine and half-fine impact maps; see `Denoiser.known`."""
        features, impact = self.features(conditions)
        return features, self.fine_maps(impact), self.half_maps(impact)

    def forward(self, mixture: Tensor, time: Tensor, known: Known) -> Tensor:
        """Unit numbers, shape (B, M); see `Denoiser.forward`."""
        features, fine_maps, half_maps = known
        times = time_features(time).expand(features.shape[0], -1)
        style = self.style(torch.cat([features, times], 1))
        grid = torch.cat([mixture.reshape(-1, 1, *self.shape), fine_maps], 1)
        maps = self.before(torch.cat([self.enter(grid), half_maps], 1), style)
        deep = self.down(maps)
        for layer in self.deep:
            deep = deep + layer(deep, style)
        deep = functional.interpolate(self.up(deep), scale_factor=2.0, mode="nearest")
        deep = deep[:, :, : half_maps.shape[2], : half_maps.shape[3]]
        maps = self.fine(self.after(torch.cat([deep, maps, half_maps], 1), style), style)
        gained = self.gain(style)[:, :, None, None] * grid
        found: Tensor = self.last(torch.cat([functional.pixel_shuffle(maps, 2), gained], 1))
        return found.flatten(1)
