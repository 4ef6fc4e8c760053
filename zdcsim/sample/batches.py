"""Training batches as a function of their step number.

Responses are held sparsely, in memory or in a store, and made dense batch by batch. Everything
random about a batch, noise included, follows from the seed and the step, so an interrupted training
goes on exactly. Targets are computed from the very responses they belong to, after the symmetry, so
that none can part from its conditions (in the published code generated images met the targets of
other particles).

Axis key: B responses, Nx by Ny fibres, 9 conditions, Z noise numbers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zdcsim.response import Sample
from zdcsim.sample.diversity import diversity_weights
from zdcsim.sample.position import Position, shower_position
from zdcsim.sample.symmetry import (
    drawn_symmetries,
    symmetries_of,
    transformed_conditions,
    transformed_photons,
)

NOISE_BLOCK = 64
"""Rows of a batch whose noise has a random stream of its own, so that none is drawn to be left.

At least as many as the batches of the committed settings have: the first block goes on with the
stream that chose the rows, as all of a batch once did.
"""


def _share(rows: int, rank: int, world_size: int) -> slice:
    """One process's rows of a batch; see `_Rows.part`."""
    if rows % world_size:
        raise ValueError(
            f"a batch of {rows} cannot be shared equally by {world_size} processes; "
            "choose a multiple as training.batch"
        )
    share = rows // world_size
    return slice(rank * share, (rank + 1) * share)


@dataclass(frozen=True)
class _Rows:
    """Tensors that share their first axis."""

    def part(self, rank: int, world_size: int) -> Self:
        """The contiguous share of one process out of `world_size`; all shares are equal.

        Raises:
            ValueError: If the rows cannot be shared equally.
        """
        mine = _share(len(getattr(self, fields(self)[0].name)), rank, world_size)
        return self._each(lambda tensor: tensor[mine])

    def to(self, device: torch.device) -> Self:
        """The same rows on that device."""
        return self._each(lambda tensor: tensor.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        return type(self)(**{f.name: change(getattr(self, f.name)) for f in fields(self)})


@dataclass(frozen=True)
class Batch(_Rows):
    """Monte Carlo responses with what the losses want to know of them, and noise.

    Attributes:
        log_photons: Shape (B, Nx, Ny).
        conditions: In O2's units, shape (B, 9).
        diversity: Diversity of the particle's copies, 0 to 1, NaN if not asked for, shape (B,).
        photon_sum: Photo-electrons, shape (B,).
        position: Of the shower, in pitches from the lower corner, shape (B, 2).
        noise: Two independent draws for every particle, shape (B, 2, Z).
    """

    log_photons: Tensor
    conditions: Tensor
    diversity: Tensor
    photon_sum: Tensor
    position: Tensor
    noise: Tensor


@dataclass(frozen=True)
class SignalBatch(_Rows):
    """Particles and whether they left light.

    Attributes:
        conditions: In O2's units, shape (B, 9).
        light: 1 where the particle left at least one photo-electron, else 0, shape (B,).
    """

    conditions: Tensor
    light: Tensor


class ResponseBatches:
    """Batches of one training sample, drawn with replacement.

    Arguments:
        responses: The training sample.
        size: Responses in a batch, of all processes together.
        seed: Another seed, other batches.
        noise_size: Noise numbers a particle.
        symmetries: Give every response one of the symmetries of the face at random.
        position: What the shower's position is: its brightest fibre or its centroid.
        diversity: Measure the diversity of every particle; takes a dense pass over the sample.

    Raises:
        ValueError: If the sample is empty.
    """

    def __init__(
        self,
        responses: Sample,
        size: int,
        seed: int,
        noise_size: int,
        symmetries: bool,
        position: Position = "maximum",
        diversity: bool = True,
    ) -> None:
        if not len(responses):
            raise ValueError("the training sample is empty; lower data.minimum_photons")
        self.responses, self.size, self.seed = responses, size, seed
        self.noise_size, self.position = noise_size, position
        self.symmetries = symmetries_of(responses.calorimeter) if symmetries else None
        unknown = np.full(len(responses), np.nan, np.float32)
        self.diversity = diversity_weights(responses) if diversity else unknown

    def __call__(self, step: int, rank: int = 0, world_size: int = 1) -> Batch:
        """The batch of that step, or the contiguous share of one process out of `world_size`.

        All shares together are the batch. Only the share's responses are made dense and only its
        noise is kept; of the noise, at most `NOISE_BLOCK` - 1 rows more are drawn.

        Raises:
            ValueError: If the rows cannot be shared equally.
        """
        rng = np.random.default_rng((self.seed, step))
        rows = rng.integers(len(self.responses), size=self.size)
        symmetry = drawn_symmetries(rng, self.size, self.symmetries)
        mine = _share(self.size, rank, world_size)
        return self._batch(rows[mine], symmetry[mine], self._noise(rng, step, mine))

    def _noise(self, first: np.random.Generator, step: int, mine: slice) -> NDArray[np.float32]:
        """Noise of some rows of a step's batch, shape (B, 2, Z).

        Arguments:
            first: The stream of the first block.
            step: Seeds the others.
            mine: The rows.
        """
        parts = []
        for block in range(mine.start // NOISE_BLOCK, -(-mine.stop // NOISE_BLOCK)):
            own = np.random.SeedSequence((self.seed, step), spawn_key=(block,))
            rng = np.random.default_rng(own) if block else first
            start = block * NOISE_BLOCK
            drawn = self._normal(rng, min(mine.stop - start, NOISE_BLOCK))
            parts.append(drawn[max(0, mine.start - start) :])
        return np.concatenate(parts)

    def _normal(self, rng: np.random.Generator, rows: int) -> NDArray[np.float32]:
        return rng.standard_normal((rows, 2, self.noise_size), np.float32)

    def in_order(self) -> Iterator[Batch]:
        """Every response once, as it is, with the same noise at each call."""
        rng = np.random.default_rng(self.seed)
        for start in range(0, len(self.responses), self.size):
            rows = np.arange(start, min(start + self.size, len(self.responses)))
            yield self._batch(rows, np.zeros(len(rows), np.int64), self._normal(rng, len(rows)))

    def mean(self, value: Callable[[Batch], float]) -> float:
        """Mean over all responses of a value that is itself the mean over a batch."""
        total = sum(len(batch.conditions) * value(batch) for batch in self.in_order())
        return total / len(self.responses)

    def _batch(
        self, rows: NDArray[np.int64], symmetry: NDArray[np.int64], noise: NDArray[np.float32]
    ) -> Batch:
        photons = transformed_photons(self.responses.dense(rows), symmetry)
        conditions = transformed_conditions(self.responses.conditions[rows], symmetry)
        return Batch(
            log_photons=torch.from_numpy(np.log1p(photons)),
            conditions=torch.from_numpy(conditions),
            diversity=torch.from_numpy(self.diversity[rows]),
            photon_sum=torch.from_numpy(photons.sum(axis=(1, 2))),
            position=torch.from_numpy(shower_position(photons, self.position)),
            noise=torch.from_numpy(noise),
        )


class SignalBatches:
    """Batches for the classifier, drawn with replacement.

    Arguments:
        particles: The training particles.
        size: Particles in a batch, of all processes together.
        seed: Another seed, other batches.
        symmetries: Those of the face, or none.
    """

    def __init__(
        self,
        particles: SignalBatch,
        size: int,
        seed: int,
        symmetries: NDArray[np.int64] | None,
    ) -> None:
        self.particles, self.size, self.seed, self.symmetries = particles, size, seed, symmetries

    def __call__(self, step: int) -> SignalBatch:
        """The batch of that step."""
        rng = np.random.default_rng((self.seed, step))
        rows = rng.integers(len(self.particles.light), size=self.size)
        symmetry = drawn_symmetries(rng, self.size, self.symmetries)
        conditions = transformed_conditions(self.particles.conditions.numpy()[rows], symmetry)
        return SignalBatch(
            torch.from_numpy(conditions), self.particles.light[torch.from_numpy(rows)]
        )
