"""What a family of models hands to the training loop."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from detcore.loop import Objective


@dataclass(frozen=True)
class Parts:
    """Everything that differs between families.

    Attributes:
        objective: What is trained.
        batch_at: This process's share of the batch of a step number.
        validate: A value, the smaller the better.
        sizes: Rows that train and rows that validate, for the record.
    """

    objective: Objective[Any]
    batch_at: Callable[[int], Any]
    validate: Callable[[], float]
    sizes: Mapping[str, int]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's random numbers follow from the seed inside the block and are untouched outside."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
