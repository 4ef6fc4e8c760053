"""Properties of a response, and the bridge from latent numbers to them.

"Multi-objective deep data generation with correlated property control" (S. Wang et al., CorrVAE),
https://arxiv.org/abs/2210.01796: a mask says which latent numbers w feed which property; properties
that share a number are correlated. Each property follows from its own combination of the w through
an invertible bridge, so that a wanted value can be turned back into one of w.

Departures: the combination is linear, so that w is drawn exactly under a condition
(`zdcsim.steering`) where the publication follows gradients; and what the particle fixes of a
property, its expectation and spread, is taken off first.

Axis key: B responses, Nx by Ny fibres, P properties, W latent numbers, H hidden numbers.
"""

import torch
from torch import Tensor, nn

from zdcsim.geometry import Calorimeter
from zdcsim.models.features import FEATURES, ParticleFeatures
from zdcsim.models.scaler import ConditionScaler
from zdcsim.optics import Machine
from zdcsim.steering import PROPERTIES

COUNT = len(PROPERTIES)
PLACES = 2
"""The first properties are the centroid; of the others the logarithm is taken."""

BRIGHTNESS = ("photon_sum", "maximum")
"""Those that follow, which grow as the light does."""

STEEPEST = 0.7
"""Largest slope of the bridge's bent part; below 1 it is invertible."""

ITERATIONS = 40
"""Of the inversion, each of which leaves at most 0.7 of the error."""

WITHOUT_LIGHT = 1e-6

OPEN = 0.4
"""Before training almost every number feeds every property."""

SHARPNESS = 10.0
"""Logits of the mask per unit of its weights. An undecided mask drops parts of the bridge at
random, which no property can follow, so it has to decide faster than the other weights move."""


def properties(photons: Tensor) -> Tensor:
    """Centroid in x and y, photon sum, maximum and occupancy, shape (B, P).

    Arguments:
        photons: Photo-electrons, whole or expected, shape (B, Nx, Ny). A fibre that expects less
            than one counts in part as lit.
    """
    total = photons.sum((1, 2))
    weight = photons / total.clamp(min=WITHOUT_LIGHT)[:, None, None]
    x = torch.arange(photons.shape[1], device=photons.device) + 0.5
    y = torch.arange(photons.shape[2], device=photons.device) + 0.5
    centre_x, centre_y = weight.sum(2) @ x, weight.sum(1) @ y
    lit = photons.clamp(max=1).sum((1, 2))
    return torch.stack([centre_x, centre_y, total, photons.amax((1, 2)), lit], 1)


class PropertyScaler(nn.Module):
    """Properties relative to the impact point or as logarithms, with zero mean and unit spread."""

    mean: Tensor
    spread: Tensor
    light: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(COUNT))
        self.register_buffer("spread", torch.ones(COUNT))
        self.register_buffer("light", torch.ones(COUNT - PLACES), persistent=False)

    def brighten(self, factor: float) -> None:
        """Take properties of responses with `factor` times the light of those learnt from.

        Photon sum and maximum are then those of the learnt response times the factor. How many
        fibres are lit is taken as it was: it hardly depends on a constant of order 1.
        """
        self.light[: len(BRIGHTNESS)] *= factor

    def fit(self, values: Tensor, impact: Tensor) -> None:
        """Mean and spread of training responses; properties (N, P), impact points (N, 2)."""
        raw = self._raw(values, impact)
        self.mean.copy_(raw.mean(0))
        self.spread.copy_(raw.std(0).clamp(min=1e-3))

    def forward(self, values: Tensor, impact: Tensor) -> Tensor:
        """Scaled properties, shape (B, P)."""
        scaled: Tensor = (self._raw(values, impact) - self.mean) / self.spread
        return scaled

    def _raw(self, values: Tensor, impact: Tensor) -> Tensor:
        light = torch.log(values[:, PLACES:].clamp(min=0) / self.light + 1)
        return torch.cat([values[:, :PLACES] - impact, light], 1)


class Bridge(nn.Module):
    """An increasing function of one number for every property, of slope 0.3 to 1.7."""

    def __init__(self, hidden: int = 16) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.randn(COUNT, hidden))
        self.shift = nn.Parameter(torch.randn(COUNT, hidden))
        self.second = nn.Parameter(0.1 * torch.randn(COUNT, hidden))

    def forward(self, number: Tensor) -> Tensor:
        """Shape (B, P), of numbers of the same shape."""
        value: Tensor = number + self._bent(number)
        return value

    def inverse(self, value: Tensor) -> Tensor:
        """The numbers that give these values, shape (B, P)."""
        number = value
        for _ in range(ITERATIONS):
            number = value - self._bent(number)
        return number

    def _bent(self, number: Tensor) -> Tensor:
        """Its slope is a product of weights of norm at most 1 and of tanh's slope."""
        first = self.first / self.first.norm(dim=1, keepdim=True).clamp(min=1)
        second = self.second / self.second.norm(dim=1, keepdim=True).clamp(min=1)
        bent: Tensor = (second * torch.tanh(number[:, :, None] * first + self.shift)).sum(2)
        return STEEPEST * bent


class PropertyHead(nn.Module):
    """Latent numbers and particle to scaled properties, and back.

    Arguments:
        calorimeter: Fixes the features of a particle.
        scaler: The generator's.
        latent_size: Numbers w that carry properties.
        hidden: Width of the layer between the particle's features and its expectations.
        machine: The magnets on the way; without one every particle flies straight.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        scaler: ConditionScaler,
        latent_size: int,
        hidden: int = 64,
        machine: Machine | None = None,
    ) -> None:
        super().__init__()
        self.scaler, self.scale = scaler, PropertyScaler()
        self.features = ParticleFeatures(calorimeter, machine)
        self.expected = nn.Sequential(
            nn.Linear(FEATURES, hidden), nn.SiLU(), nn.Linear(hidden, 2 * COUNT)
        )
        self.weight = nn.Parameter(torch.eye(COUNT, latent_size) + 0.1)
        self.openness = nn.Parameter(torch.full((COUNT, latent_size), OPEN))
        self.bridge = Bridge()

    def mask(self) -> Tensor:
        """Which numbers feed which property, 0 or 1, shape (P, W)."""
        return (self.openness > 0).float()

    def mask_probability(self) -> Tensor:
        """That a number feeds a property in `drawn_mask`, shape (P, W)."""
        return torch.sigmoid(SHARPNESS * self.openness)

    def drawn_mask(self, uniform: Tensor, temperature: float) -> Tensor:
        """A random mask with the gradient of its soft form, shape (P, W).

        Arguments:
            uniform: Between 0 and 1, shape (P, W).
            temperature: Of the soft form.

        Source:
            C. Maddison, A. Mnih, Y. W. Teh, https://arxiv.org/abs/1611.00712, section 3.
        """
        inside = uniform.clamp(1e-6, 1 - 1e-6)
        soft = torch.sigmoid((SHARPNESS * self.openness + torch.logit(inside)) / temperature)
        return (soft > 0.5).float() + soft - soft.detach()

    def matrix(self) -> Tensor:
        """The bridge's linear part, shape (P, W)."""
        return self.weight * self.mask()

    def forward(self, latent: Tensor, conditions: Tensor, mask: Tensor) -> Tensor:
        """Scaled properties, shape (B, P).

        Arguments:
            latent: Shape (B, W).
            conditions: Scaled, shape (B, 9).
            mask: Shape (P, W).
        """
        mean, spread = self.expectation(conditions)
        return mean + spread * self.departure(latent, mask)

    def expectation(self, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of a particle's scaled properties, shape (B, P) each.

        Arguments:
            conditions: Scaled, shape (B, 9).
        """
        mean, spread, _ = self._expected(conditions)
        return mean, spread

    def departure(self, latent: Tensor, mask: Tensor) -> Tensor:
        """How far properties are from their mean, in standard deviations, shape (B, P).

        Arguments:
            latent: Shape (B, W).
            mask: Shape (P, W).
        """
        found: Tensor = self.bridge(latent @ (self.weight * mask).T)
        return found

    def scaled(self, values: Tensor, conditions: Tensor) -> Tensor:
        """Scaled properties, shape (B, P), of properties in their units, shape (B, P)."""
        _, impact = self.features(self.scaler.undo(conditions))
        scaled: Tensor = self.scale(values, impact)
        return scaled

    def numbers(self, values: Tensor, conditions: Tensor) -> Tensor:
        """What `matrix() @ latent` must be for these properties, shape (B, P).

        Arguments:
            values: In the units of `PROPERTIES`, shape (B, P).
            conditions: Scaled, shape (B, 9).
        """
        mean, spread, impact = self._expected(conditions)
        numbers: Tensor = self.bridge.inverse((self.scale(values, impact) - mean) / spread)
        return numbers

    def _expected(self, conditions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features, impact = self.features(self.scaler.undo(conditions))
        mean, log_spread = self.expected(features).chunk(2, 1)
        return mean, torch.exp(log_spread.clamp(-5, 2)), impact
