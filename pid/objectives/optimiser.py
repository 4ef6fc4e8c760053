"""Adam with decoupled weight decay, and how its step size changes.

Source: Loshchilov and Hutter, https://arxiv.org/abs/1711.05101 (AdamW),
https://arxiv.org/abs/1608.03983 (cosine).

Axis key: none.
"""

import math
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from detcore.config import Settings
from detcore.distributed import Processes

Schedule = Literal["constant", "exponential", "cosine"]


class OptimiserSettings(Settings):
    """How weights move.

    Attributes:
        learning_rate: Largest step size.
        schedule: Constant; falling by half every `half_life` steps; or a cosine that reaches 0 at
            the last step.
        half_life: Steps, of the exponential schedule.
        warmup: Steps over which the step size rises linearly from 0.
        weight_decay: Share of each weight lost per unit of step size.
        clip: Largest norm of the whole gradient; null: none.
    """

    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    schedule: Schedule = "cosine"
    half_life: Annotated[float, Field(gt=0)] = 1000.0
    warmup: Annotated[int, Field(ge=0)] = 100
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    clip: Annotated[float, Field(gt=0)] | None = 1.0


def step_size(settings: OptimiserSettings, step: int, steps: int) -> float:
    """Step size of optimisation step 0 to `steps` - 1."""
    rate = settings.learning_rate * min(1.0, (step + 1) / (settings.warmup + 1))
    if settings.schedule == "exponential":
        rate *= math.exp2(-step / settings.half_life)
    if settings.schedule == "cosine":
        rate *= 0.5 * (1 + math.cos(math.pi * step / steps))
    return rate


class Optimiser:
    """Networks that move together.

    Arguments:
        networks: What is trained.
        settings: How.
        steps: Of the whole training.
        processes: Those whose gradients are averaged.
    """

    def __init__(
        self, networks: nn.ModuleList, settings: OptimiserSettings, steps: int, processes: Processes
    ) -> None:
        self.networks, self.settings, self.steps = networks, settings, steps
        self.processes, self.done = processes, 0
        processes.share(networks.state_dict().values())
        self.adam = torch.optim.AdamW(
            networks.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )

    @property
    def progress(self) -> float:
        """Share of the steps done."""
        return self.done / self.steps

    def descend(self, loss: Tensor) -> None:
        """One step down the gradient of a mean over this process's share of the batch."""
        for group in self.adam.param_groups:
            group["lr"] = step_size(self.settings, self.done, self.steps)
        self.adam.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.processes.average_gradients(self.networks.parameters())
        if self.settings.clip is not None:
            nn.utils.clip_grad_norm_(self.networks.parameters(), self.settings.clip)
        self.adam.step()
        self.done += 1

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimiser and steps done."""
        return {
            "networks": self.networks.state_dict(),
            "adam": self.adam.state_dict(),
            "done": self.done,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.networks.load_state_dict(state["networks"])
        self.adam.load_state_dict(state["adam"])
        self.done = state["done"]
