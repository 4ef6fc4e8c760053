"""ExpertSim: a router sends every particle to one of several SDI-GANs.

"ExpertSim: Fast Particle Detector Simulation Using Mixture-of-Generative-Experts" (Będkowski,
Dubiński, Szatkowski, Deja, Rokita, Trzciński), https://arxiv.org/abs/2508.20991. Responses fall
into kinds, so that several small generators that divide the particles among themselves should do
better than one. Every expert has its own generator and discriminator; as each particle goes to
exactly one, only that one is computed, in training and in the exported graph.

Departures from the publication: the auxiliary regressor is one for all, as it learns from Monte
Carlo responses alone; with `impact_maps` the router too sees computed features; and the term that
keeps experts apart takes the cosine between mean log photons themselves, averaged over pairs. In
published code it is the absolute cosine between mean features of the auxiliary regressor, summed
over pairs, so that the same weight acts three times as strongly there with three experts.

Axis key: B particles, Z noise numbers, 9 conditions, Nx by Ny fibres, E experts, L latent numbers.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from zdcsim.conditions import NAMES
from zdcsim.geometry import Calorimeter
from zdcsim.models.blocks import SLOPE
from zdcsim.models.features import FEATURES, ParticleFeatures
from zdcsim.models.generator import NOISE_SIZE, Generator
from zdcsim.models.scaler import ConditionScaler
from zdcsim.models.sdi_gan import SdiGanDiscriminator, SdiGanGenerator
from zdcsim.optics import Machine

Widths = tuple[int, int, int]


class Router(nn.Module):
    """Scaled conditions to a logit for every expert.

    Arguments:
        calorimeter: Fixes the computed features.
        scaler: The generator's.
        experts: How many there are.
        widths: Of the three hidden layers.
        computed_features: See the features of the particle instead of the nine conditions.
        machine: The magnets on the way; without one every particle flies straight.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        scaler: ConditionScaler,
        experts: int,
        widths: Widths,
        computed_features: bool,
        machine: Machine | None = None,
    ) -> None:
        super().__init__()
        self.scaler, self.computed_features = scaler, computed_features
        self.features = ParticleFeatures(calorimeter, machine)
        sizes = [FEATURES if computed_features else len(NAMES), *widths]
        hidden = [
            layer
            for before, after in pairwise(sizes)
            for layer in (nn.Linear(before, after), nn.LeakyReLU(SLOPE))
        ]
        self.layers = nn.Sequential(*hidden, nn.Linear(widths[-1], experts))

    def forward(self, conditions: Tensor) -> Tensor:
        """Logits, shape (B, E), of scaled conditions, shape (B, 9)."""
        if self.computed_features:
            conditions, _ = self.features(self.scaler.undo(conditions))
        logits: Tensor = self.layers(conditions)
        return logits


class ExpertSimGenerator(Generator):
    """Noise and conditions to the log photons of the expert with the largest logit.

    Arguments:
        calorimeter: Fixes the grid and where its face stands.
        noise_size: O2 gives ten.
        experts: How many; the publication has three.
        router: Widths of the router's hidden layers.
        hidden: Of every expert, see `SdiGanGenerator`.
        widths: The same.
        impact_maps: The same.
        machine: The same.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        noise_size: int = NOISE_SIZE,
        experts: int = 3,
        router: Widths = (128, 64, 32),
        hidden: int = 128,
        widths: Widths = (32, 16, 8),
        impact_maps: bool = True,
        machine: Machine | None = None,
    ) -> None:
        super().__init__(calorimeter, noise_size)
        self.router = Router(calorimeter, self.scaler, experts, router, impact_maps, machine)
        self.experts = nn.ModuleList(
            SdiGanGenerator(calorimeter, noise_size, hidden, widths, impact_maps, machine)
            for _ in range(experts)
        )
        for expert in self.experts:
            expert.scaler = self.scaler

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Log photons, shape (B, Nx, Ny); see `Generator.forward`."""
        return self.answers(noise, conditions, self.chosen(conditions))

    def chosen(self, conditions: Tensor) -> Tensor:
        """The expert of every particle, shape (B,), of scaled conditions, shape (B, 9)."""
        return torch.argmax(self.router(conditions), dim=1)

    def answers(self, noise: Tensor, conditions: Tensor, chosen: Tensor) -> Tensor:
        """Log photons of chosen experts, shape (B, Nx, Ny); only these are computed.

        Arguments:
            noise: Shape (B, Z).
            conditions: Scaled, shape (B, 9).
            chosen: Expert of every particle, shape (B,).
        """
        rows = rows_of(chosen, len(self.experts))
        parts = [
            expert(noise[mine], conditions[mine])
            for expert, mine in zip(self.experts, rows, strict=True)
            if len(mine)
        ]
        return in_order(parts, rows)


class ExpertSimDiscriminators(nn.Module):
    """One discriminator for every expert; each judges the particles of its own expert.

    Arguments:
        discriminators: As many as there are experts.
    """

    def __init__(self, discriminators: Sequence[SdiGanDiscriminator]) -> None:
        super().__init__()
        self.experts = nn.ModuleList(discriminators)

    def forward(
        self, log_photons: Tensor, conditions: Tensor, chosen: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logit that the response is Monte Carlo, shape (B,), and latent, shape (B, L).

        Arguments:
            log_photons: Shape (B, Nx, Ny).
            conditions: Scaled, shape (B, 9).
            chosen: Expert of every particle, shape (B,).
        """
        rows = rows_of(chosen, len(self.experts))
        parts = [
            judge(log_photons[mine], conditions[mine])
            for judge, mine in zip(self.experts, rows, strict=True)
            if len(mine)
        ]
        return in_order([p[0] for p in parts], rows), in_order([p[1] for p in parts], rows)


def rows_of(chosen: Tensor, experts: int) -> list[Tensor]:
    """Rows that chose each expert, in order."""
    return [torch.nonzero(chosen == k)[:, 0] for k in range(experts)]


def in_order(parts: Sequence[Tensor], rows: Sequence[Tensor]) -> Tensor:
    """Answers of the experts that have rows, put back to where their rows came from."""
    return torch.cat(list(parts))[torch.argsort(torch.cat(list(rows)))]
