"""Training batches as a function of their step number.

Everything random about a batch follows from the seed and the step, so an interrupted training goes
on exactly. Source tracks come with labels; the type of target tracks has no place for any.

Axis key: N tracks, B tracks of a batch, F features, T targets.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Labelled:
    """Tracks of simulation.

    Attributes:
        values: Scaled, NaN for missing, shape (N, F).
        labels: Shape (N, T).
    """

    values: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, chosen: Tensor) -> "Labelled":
        """Some of them."""
        return Labelled(self.values[chosen], self.labels[chosen])

    def to(self, device: torch.device) -> "Labelled":
        """The same on that device."""
        return Labelled(self.values.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Unlabelled:
    """Tracks of data: values and nothing else.

    Attributes:
        values: Scaled, NaN for missing, shape (N, F).
    """

    values: Tensor

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, chosen: Tensor) -> "Unlabelled":
        """Some of them."""
        return Unlabelled(self.values[chosen])

    def to(self, device: torch.device) -> "Unlabelled":
        """The same on that device."""
        return Unlabelled(self.values.to(device))


@dataclass(frozen=True)
class Pair:
    """A batch of each domain."""

    source: Labelled
    target: Unlabelled

    def to(self, device: torch.device) -> "Pair":
        """The same on that device."""
        return Pair(self.source.to(device), self.target.to(device))


class Order:
    """Which tracks are in the batch of a step: a new permutation of all in every epoch.

    What does not fill a batch at the end of an epoch is left out of that epoch.

    Arguments:
        tracks: N.
        size: B, of all processes together.
        seed: Another seed, another order.
        rank: Of this process.
        world_size: Processes.

    Raises:
        ValueError: If there are fewer tracks than in a batch, or processes cannot share it equally.
    """

    def __init__(
        self, tracks: int, size: int, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        if tracks < size:
            raise ValueError(
                f"{tracks} training tracks do not fill a batch of {size}; lower training.batch"
            )
        if size % world_size:
            raise ValueError(
                f"a batch of {size} cannot be shared equally by {world_size} processes; "
                "choose a multiple as training.batch"
            )
        self.tracks, self.size, self.seed = tracks, size, seed
        self.share = slice(rank * size // world_size, (rank + 1) * size // world_size)
        self.permutation = lru_cache(maxsize=1)(self._permutation)

    def __call__(self, step: int) -> Tensor:
        """Indices of this process's share of the batch of a step, counted from 1."""
        epoch, batch = divmod(step - 1, self.tracks // self.size)
        start = batch * self.size
        return self.permutation(epoch)[start : start + self.size][self.share]

    def _permutation(self, epoch: int) -> Tensor:
        return torch.from_numpy(np.random.default_rng((self.seed, epoch)).permutation(self.tracks))
