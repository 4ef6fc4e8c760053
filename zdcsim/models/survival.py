"""Whether a particle lives until it reaches a calorimeter, decided inside the graph.

A Lambda of some TeV reaches the calorimeter in a part of the cases only. O2 asks a classifier once,
and by the conditions alone; the classifier must say yes to that part of them. Chance is made of the
conditions themselves: their last binary digits are as good as random, and the same particle always
gets the same answer, in the classifier and in the generators.

Axis key: B particles, 9 conditions, K kinds that decay, L life times of a kind.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zdcsim.conditions import CHARGE, MASS, NAMES, PX, PZ
from zdcsim.geometry import Calorimeter
from zdcsim.models.flight import only
from zdcsim.models.last_digits import DIGITS, last_digits

MASS_TOLERANCE = 0.5
"""MeV; PDG tables of different years differ by less, species by more."""

MEV_PER_GEV = 1000.0
SMALLEST_MOMENTUM = 1e-6  # GeV/c; a particle at rest does not arrive


@dataclass(frozen=True)
class Decaying:
    """A kind of particle that decays, as conditions show it.

    Arguments:
        mass_mev: Its mass.
        charge_thirds: Size of its charge in e/3; antiparticles live as long.
        ctau_cm: Proper decay lengths of the species that the conditions cannot tell apart, all
            equally frequent.
    """

    mass_mev: float
    charge_thirds: int
    ctau_cm: tuple[float, ...]


class Survival(nn.Module):
    """Probability that a particle reaches the plane of the face undecayed.

    Arguments:
        calorimeter: Its distance from the interaction point is the way, as in the Monte Carlo.
        kinds: Every other particle is taken for stable.
    """

    mass: Tensor
    charge: Tensor
    decays: Tensor

    def __init__(self, calorimeter: Calorimeter, kinds: Sequence[Decaying]) -> None:
        super().__init__()
        # Every kind gets as many life times; repeating them leaves their mean.
        most = math.lcm(*(len(kind.ctau_cm) for kind in kinds))
        lengths = torch.tensor([kind.ctau_cm * (most // len(kind.ctau_cm)) for kind in kinds])
        way = torch.tensor([kind.mass_mev for kind in kinds]) / MEV_PER_GEV * calorimeter.front_a
        for name, values in {
            "mass": torch.tensor([kind.mass_mev for kind in kinds]),
            "charge": torch.tensor([float(kind.charge_thirds) for kind in kinds]),
            "decays": way[:, None] / lengths,
        }.items():
            self.register_buffer(name, values, persistent=False)

    def forward(self, conditions: Tensor) -> Tensor:
        """Probability, shape (B, 1), of conditions in O2's units, shape (B, 9)."""
        momentum = conditions[:, PX : PZ + 1]
        size = torch.sqrt((momentum * momentum).sum(1, keepdim=True)).clamp(min=SMALLEST_MOMENTUM)
        lives = torch.exp(-self.decays / size[:, :, None]).mean(2)
        heavy = (only(conditions, MASS) - self.mass).abs() < MASS_TOLERANCE
        is_kind = (heavy & (only(conditions, CHARGE).abs() == self.charge)).float()
        return 1 - (is_kind * (1 - lives)).sum(1, keepdim=True)


class ConditionChance(nn.Module):
    """Numbers between 0 and 1, uniform over particles, made of the conditions of each."""

    weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        # Odd, so that one uniform summand makes the sum modulo a power of two uniform.
        weights = 2 * torch.arange(len(NAMES))[:, None] + 1
        self.register_buffer("weights", weights.float(), persistent=False)

    def forward(self, conditions: Tensor) -> Tensor:
        """Shape (B, 1), of conditions, shape (B, 9)."""
        total = torch.matmul(last_digits(conditions), self.weights)
        return (torch.fmod(total, DIGITS) + 0.5) / DIGITS


class Lives(nn.Module):
    """Whether each particle reaches the plane of the face undecayed, drawn.

    Arguments:
        calorimeter: See `Survival`.
        kinds: See `Survival`; none if every particle shall live.
    """

    def __init__(self, calorimeter: Calorimeter, kinds: Sequence[Decaying]) -> None:
        super().__init__()
        self.survival = Survival(calorimeter, kinds)
        self.chance = ConditionChance()

    def forward(self, conditions: Tensor) -> Tensor:
        """Booleans, shape (B, 1), of conditions in O2's units, shape (B, 9)."""
        lives: Tensor = self.chance(conditions) < self.survival(conditions)
        return lives
