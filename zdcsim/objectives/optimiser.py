"""One player's optimiser step, and the moving average of its weights.

Axis key: none.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.objectives.ranges import Decay, Spread, Weight


class AdamSettings(Settings):
    """Adam, https://arxiv.org/abs/1412.6980.

    Attributes:
        learning_rate: Step size at the start.
        half_life: Steps of this optimiser after which the step size has halved; null: constant.
        betas: Decay of the two moments.
        clip: Largest norm of the whole gradient; null: none.
    """

    learning_rate: Weight = 1e-3
    half_life: Spread | None = None
    betas: tuple[Decay, Decay] = (0.5, 0.99)
    clip: Spread | None = None


class Player:
    """A network with its own optimiser; nobody else changes its weights.

    Arguments:
        network: What is trained.
        settings: How.
        processes: Those whose gradients are averaged.
    """

    def __init__(self, network: nn.Module, settings: AdamSettings, processes: Processes) -> None:
        self.network, self.clip, self.processes = network, settings.clip, processes
        self.decay = 1.0 if settings.half_life is None else 0.5 ** (1 / settings.half_life)
        processes.share(network.state_dict().values())
        self.adam = torch.optim.Adam(
            network.parameters(), lr=settings.learning_rate, betas=settings.betas
        )

    def descend(self, loss: Tensor) -> None:
        """One step down the gradient of a mean over this process's share of the batch.

        A weight that the share does not reach has the gradient 0, so that all processes average
        the same weights.
        """
        self.adam.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        for weight in self.network.parameters():
            if weight.grad is None and weight.requires_grad:
                weight.grad = torch.zeros_like(weight)
        self.processes.average_gradients(self.network.parameters())
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        self.adam.step()
        for group in self.adam.param_groups:
            group["lr"] *= self.decay  # kept in Adam's state, so a resumed training goes on with it

    def state_dict(self) -> dict[str, object]:
        """Weights and optimiser."""
        return {"network": self.network.state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict[str, dict[str, Tensor]]) -> None:
        """Go on from `state_dict`."""
        self.network.load_state_dict(state["network"])
        self.adam.load_state_dict(state["adam"])


@contextmanager
def judging(network: nn.Module) -> Iterator[nn.Module]:
    """The network with its weights held: gradients pass through it, none is kept for it."""
    network.requires_grad_(False)
    try:
        yield network
    finally:
        network.requires_grad_(True)


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the averaged weights a step of 1 - decay towards those of the network."""
    for mean, value in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(value, 1 - decay)
