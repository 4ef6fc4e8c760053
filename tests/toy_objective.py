"""The loop's simplest objective: one number that follows its batches."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from detcore import checkpoint
from detcore.distributed import Processes
from detcore.loop import Loop, LoopSettings, Watch
from detcore.tracking import Untracked

ALONE = Processes(0, 1, torch.device("cpu"))


class Decay:
    """Moves one number towards the batch, which is a number too."""

    def __init__(self) -> None:
        self.value = torch.tensor(10.0, dtype=torch.float64)

    def step(self, batch: float) -> dict[str, float]:
        self.value = 0.9 * self.value + 0.1 * batch
        return {"value": float(self.value), "batch": batch}

    def weights(self) -> dict[str, Tensor]:
        return {"value": self.value}

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.value}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.value = state["value"]


def loop(
    folder: Path,
    batch_at: Callable[[int], float] = float,
    validate: Callable[[Decay], float] = lambda objective: float(objective.value),
    watch: Watch | None = None,
    **settings: float,
) -> Loop[float]:
    """A loop of 20 steps with a checkpoint every 4 and a validation every 5."""
    objective = Decay()
    values = {"steps": 20, "checkpoint_every": 4, "validate_every": 5, **settings}
    return Loop(
        objective,
        batch_at,
        lambda: validate(objective),
        LoopSettings.model_validate(values),
        folder,
        ALONE,
        Untracked(),
        watch,
    )


def lines(folder: Path) -> list[dict[str, float]]:
    """The lines of a run folder's metrics."""
    return [json.loads(line) for line in (folder / checkpoint.METRICS).read_text().splitlines()]
