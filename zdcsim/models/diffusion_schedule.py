"""How fast diffusion turns data into noise.

With the variances beta_k of its T small steps, a response keeps the share alpha_bar_k, the product
of all 1 - beta up to k, of its variance: the mixture is sqrt(alpha_bar) x + sqrt(1 - alpha_bar) z.
Time runs the other way here, from 0 (k = T - 1, noise) to 1 (k = 0, almost data).

Axis key: B rows, T steps.
"""

import math
from typing import Literal

import torch
from torch import Tensor

from zdcsim.models.noise_path import NoisePath, PathPoint

Schedule = Literal["linear", "cosine"]
Prediction = Literal["noise", "velocity"]
"""What the network is asked for: z (J. Ho et al., https://arxiv.org/abs/2006.11239) or
sqrt(alpha_bar) z - sqrt(1 - alpha_bar) x (T. Salimans, J. Ho, https://arxiv.org/abs/2202.00512)."""

FIRST, LAST = 1e-4, 0.02
"""Variances of the linear schedule at 1000 steps, https://arxiv.org/abs/2006.11239."""

OFFSET = 0.008
LARGEST = 0.999
"""Of the cosine schedule, https://arxiv.org/abs/2102.09672, equation 17."""


def alpha_bar(schedule: Schedule, steps: int) -> Tensor:
    """Share of the variance that data keep after 1 to T steps, shape (T,), double precision."""
    if schedule == "linear":
        scale = 1000 / steps
        betas = torch.linspace(scale * FIRST, scale * LAST, steps, dtype=torch.float64)
        return torch.cumprod(1 - betas.clamp(max=LARGEST), 0)
    k = torch.arange(steps + 1, dtype=torch.float64) / steps
    kept = torch.cos((k + OFFSET) / (1 + OFFSET) * math.pi / 2).square()
    return torch.cumprod(1 - (1 - kept[1:] / kept[:-1]).clamp(max=LARGEST), 0)


class DiffusionPath(NoisePath):
    """The path of a schedule.

    Arguments:
        schedule: Its name.
        training_steps: T.
        prediction: What the network is asked for.
    """

    kept: Tensor

    def __init__(
        self,
        schedule: Schedule = "cosine",
        training_steps: int = 1000,
        prediction: Prediction = "velocity",
    ) -> None:
        super().__init__()
        self.training_steps, self.prediction = training_steps, prediction
        kept = alpha_bar(schedule, training_steps).flip(0).float()
        self.register_buffer("kept", kept, persistent=False)

    def at(self, time: Tensor) -> PathPoint:
        """The step nearest to the time; see `NoisePath.at`."""
        kept = self.kept[torch.round(time * (self.training_steps - 1)).long()]
        a, b = torch.sqrt(kept), torch.sqrt(1 - kept)
        if self.prediction == "noise":
            return PathPoint(a, b, torch.zeros_like(a), torch.ones_like(a))
        return PathPoint(a, b, -b, a)

    def drawn(self, uniform: Tensor) -> Tensor:
        """Each of the T steps alike; see `NoisePath.drawn`."""
        return torch.floor(uniform * self.training_steps) / (self.training_steps - 1)
