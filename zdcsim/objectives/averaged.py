"""The step that all families with one optimiser share.

Axis key: none.
"""

import copy
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from detcore.distributed import Processes
from zdcsim.models.generator import Generator
from zdcsim.objectives.optimiser import AdamSettings, Player, follow
from zdcsim.sample.batches import Batch


class AveragedObjective(ABC):
    """Networks that descend one loss together, and the moving average of their weights.

    Arguments:
        generator: Its scaler must be fitted.
        helpers: Trained with it and not exported, such as an encoder.
        optimiser: Of all together.
        ema: Decay of the moving average, which is what is validated and exported; 0 or null: the
            weights themselves.
        processes: Those that train together.
    """

    def __init__(
        self,
        generator: Generator,
        helpers: list[nn.Module],
        optimiser: AdamSettings,
        ema: float | None,
        processes: Processes,
    ) -> None:
        self.ema, self.device, self.steps = ema, processes.device, 0
        self.networks = nn.ModuleList([generator, *helpers]).to(self.device)
        self.player = Player(self.networks, optimiser, processes)
        self.averages = copy.deepcopy(self.networks) if ema else self.networks

    @abstractmethod
    def loss(self, networks: nn.ModuleList, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """What to descend, shape (), and its terms, unweighted, by name.

        Arguments:
            networks: Generator and helpers.
            batch: On the device.
        """

    @property
    def average(self) -> Generator:
        """The generator with the averaged weights."""
        generator = self.averages[0]
        assert isinstance(generator, Generator)
        return generator

    def step(self, batch: Batch) -> dict[str, float]:
        """One step down the loss; gives each term unweighted, by name."""
        loss, terms = self.loss(self.networks, batch.to(self.device))
        self.steps += 1
        self.player.descend(loss)
        if self.ema:
            follow(self.averages, self.networks, self.ema)
        values = torch.stack([term.detach() for term in terms.values()]).tolist()
        return dict(zip(terms, values, strict=True))

    def weights(self) -> dict[str, Tensor]:
        """The generator's weights, averaged when `ema` is on."""
        return self.average.state_dict()

    def state_dict(self) -> dict[str, Any]:
        """Everything the next step depends on."""
        return {
            "player": self.player.state_dict(),
            "averages": self.averages.state_dict(),
            "steps": self.steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.player.load_state_dict(state["player"])
        self.averages.load_state_dict(state["averages"])
        self.steps = state["steps"]
