"""A shower as expected light, a response as counts drawn from it.

The response of a calorimeter is a number of photo-electrons in each fibre: nearly Poisson around a
smooth shower, whose place the flight path fixes and whose shape a few numbers describe. The decoder
says just that: ten latent numbers and the particle give the total light and the weights, places and
widths of some Gaussian kernels around the impact point; the counts are drawn from the light that
these leave at the fibres. It is trained as a variational autoencoder (D. Kingma, M. Welling,
https://arxiv.org/abs/1312.6114) whose reconstruction term is the exact likelihood of the counts, so
no critic is needed and no network has to learn what a count is.

Axis key: B particles, Z latent numbers, K kernels, Nx by Ny fibres, F features.
"""

import math

import torch
from torch import Tensor, nn

from zdcsim.conditions import ENERGY
from zdcsim.geometry import Calorimeter
from zdcsim.light.coupling import ALICE_PHOTO_ELECTRONS_PER_TEV
from zdcsim.models.blocks import StridedConv
from zdcsim.models.features import FEATURES, MAPS, TEV, ImpactMaps, ParticleFeatures
from zdcsim.models.fibre_noise import FibreNoise
from zdcsim.models.flight import only
from zdcsim.models.generator import NOISE_SIZE, Generator
from zdcsim.models.kernels import FibreLattice
from zdcsim.models.photo_statistics import drawn_counts
from zdcsim.models.scaler import ConditionScaler
from zdcsim.models.sdi_gan import coarse
from zdcsim.optics import Machine

NARROWEST, WIDEST = 0.3, 16.0
"""Widths of the kernels before training, pitches."""

DARK = 1e-4
"""Expected photo-electrons of a fibre far from any shower; keeps the likelihood finite."""

CLUSTERING = 0.22
"""Before training."""

SMALLEST_CLUSTERING, LARGEST_CLUSTERING = 0.01, 3.0
MOMENTS = 7


class ShowerGenerator(Generator):
    """Noise and conditions to log photons; the noise is the latent.

    Arguments:
        calorimeter: Fixes the grid and where its face stands.
        noise_size: Latent numbers.
        hidden: Width of the two dense layers.
        kernels: Gaussians that a shower is made of.
        machine: The magnets on the way; without one every particle flies straight.
    """

    draws_counts = True
    start: Tensor
    reach: Tensor
    both: Tensor

    def __init__(
        self,
        calorimeter: Calorimeter,
        noise_size: int = NOISE_SIZE,
        hidden: int = 96,
        kernels: int = 20,
        machine: Machine | None = None,
    ) -> None:
        super().__init__(calorimeter, noise_size)
        self.features = ParticleFeatures(calorimeter, machine)
        self.layers = nn.Sequential(
            nn.Linear(noise_size + FEATURES, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 2 + 5 * kernels),
        )
        self.lattice = FibreLattice(calorimeter, kernels)
        self.fibre_noise = FibreNoise(noise_size, calorimeter.nx * calorimeter.ny)
        self.per_tev = ALICE_PHOTO_ELECTRONS_PER_TEV[calorimeter.name]
        self.sizes = [1, 1, kernels, 2 * kernels, 2 * kernels]
        start = torch.linspace(math.log(NARROWEST), math.log(WIDEST), kernels).repeat(2)
        both = torch.eye(2).repeat_interleave(kernels, 1)
        for name, values in (("start", start), ("reach", 0.5 * start.exp()), ("both", both)):
            self.register_buffer(name, values, persistent=False)

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Log photons of whole counts, shape (B, Nx, Ny); see `Generator.forward`."""
        return torch.log(1 + self.counts(noise, conditions))

    def counts(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Whole photo-electrons, shape (B, Nx, Ny); see `Generator.counts`."""
        return self.drawn(*self.light(self.own(noise), conditions), noise)

    def drawn(self, expected: Tensor, clustering: Tensor, noise: Tensor) -> Tensor:
        """Whole photo-electrons, shape (B, Nx, Ny).

        Arguments:
            expected: As `light` gives it, shape (B, Nx, Ny).
            clustering: Likewise, shape (B, 1).
            noise: Whose last digits choose the counts, shape (B, Z).
        """
        uniform, normal = self.fibre_noise(noise)
        means = expected.reshape(-1, 1, self.calorimeter.nx * self.calorimeter.ny)
        counts = drawn_counts(means, clustering[:, :, None], uniform, normal)
        return counts.reshape(-1, *self.calorimeter.shape)

    def light(self, latent: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """What the counts are drawn from.

        Arguments:
            latent: Shape (B, Z).
            conditions: Scaled, shape (B, 9).

        Returns:
            Expected photo-electrons of every fibre, shape (B, Nx, Ny), and the clustering of the
            counts, shape (B, 1), see `photo_statistics`; both positive.
        """
        physical = self.scaler.undo(conditions)
        features, impact = self.features(physical)
        found = self.layers(torch.cat([latent, features], 1))
        total, clump, weights, widths, offsets = found.split(self.sizes, dim=1)
        naive = self.per_tev / TEV * only(physical, ENERGY).clamp(min=1e-3)
        light = naive * torch.exp(0.5 * total) * torch.softmax(weights, 1)
        centres = torch.matmul(impact, self.both) + self.reach * offsets
        expected = self.lattice(light, centres, self.start + 0.5 * widths) + DARK
        clustering = (CLUSTERING * torch.exp(clump)).clamp(SMALLEST_CLUSTERING, LARGEST_CLUSTERING)
        return expected, clustering


class ShowerEncoder(nn.Module):
    """Response and particle to the mean and log variance of its latent.

    What the latent must carry, light, place and size of the shower beyond what the particle
    fixes, is computed and shown to the dense layers; the convolutions find what else there is.

    Arguments:
        calorimeter: The detector.
        scaler: The generator's.
        latent_size: Latent numbers.
        hidden: Width of the dense layers.
        widths: Channels of the three strided convolutions.
        machine: As in the generator.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        scaler: ConditionScaler,
        latent_size: int = NOISE_SIZE,
        hidden: int = 128,
        widths: tuple[int, int, int] = (16, 32, 64),
        machine: Machine | None = None,
    ) -> None:
        super().__init__()
        self.scaler = scaler
        self.features = ParticleFeatures(calorimeter, machine)
        self.maps = ImpactMaps(calorimeter, 1, calorimeter.shape)
        self.moments = ShowerMoments(calorimeter)
        self.convolutions = nn.Sequential(
            StridedConv(1 + MAPS, widths[0], normalise=False),
            StridedConv(widths[0], widths[1], normalise=False),
            StridedConv(widths[1], widths[2], normalise=False),
        )
        cells = math.prod(coarse(calorimeter, 8)) * widths[2]
        self.from_maps = nn.Linear(cells, hidden)
        self.from_known = nn.Linear(FEATURES + MOMENTS, hidden)
        self.posterior = nn.Sequential(
            nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 2 * latent_size)
        )

    def forward(self, log_photons: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance, each of shape (B, Z).

        Arguments:
            log_photons: Shape (B, Nx, Ny).
            conditions: Scaled, shape (B, 9).
        """
        physical = self.scaler.undo(conditions)
        features, impact = self.features(physical)
        maps = torch.cat([log_photons[:, None], self.maps(impact)], 1)
        moments = self.moments(torch.expm1(log_photons), physical[:, ENERGY], impact)
        seen = self.from_maps(self.convolutions(maps).flatten(1))
        known = self.from_known(torch.cat([features, moments], 1))
        mean, log_variance = self.posterior(seen + known).chunk(2, 1)
        return mean, log_variance.clamp(-8, 4)


class ShowerMoments(nn.Module):
    """Light, place and size of a response beyond what its particle fixes, each of order 1."""

    def __init__(self, calorimeter: Calorimeter) -> None:
        super().__init__()
        self.per_tev = ALICE_PHOTO_ELECTRONS_PER_TEV[calorimeter.name]
        self.register_buffer("x", torch.arange(calorimeter.nx)[:, None] + 0.5, persistent=False)
        self.register_buffer("y", torch.arange(calorimeter.ny)[None] + 0.5, persistent=False)

    x: Tensor
    y: Tensor

    def forward(self, photons: Tensor, energy: Tensor, impact: Tensor) -> Tensor:
        """Moments, shape (B, 7), of counts (B, Nx, Ny), energies (B,) and impacts (B, 2)."""
        light = photons.sum((1, 2))
        naive = self.per_tev * energy.clamp(min=1e-3) / TEV
        dx, dy = self.x - impact[:, 0, None, None], self.y - impact[:, 1, None, None]
        share = photons / light.clamp(min=1)[:, None, None]
        mean_x, mean_y = (share * dx).sum((1, 2)), (share * dy).sum((1, 2))
        distance = torch.sqrt(dx * dx + dy * dy)
        mean_distance = (share * distance).sum((1, 2))
        brightest = share.amax((1, 2))
        lit = (photons > 0).float().mean((1, 2))
        return torch.stack(
            [
                2 * torch.log((light + 1) / (naive + 1)),
                torch.log1p(light) / 4,
                mean_x / 3,
                mean_y / 3,
                mean_distance / 3,
                3 * brightest,
                10 * lit,
            ],
            dim=1,
        )
