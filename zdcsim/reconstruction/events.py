"""Events of many particles, put together from independent showers of single ones.

Photo-electrons of different particles add up, so the signals of an event are the sum over its
particles. Where showers are fewer than particles, each particle is drawn with replacement from a
pool: the sum then has the spread of independent particles, but events share showers, so that the
uncertainty comes from drawing the pool anew, not from the number of events.

Axis key: P particles, or showers of the pool, E events, two sides (A, C), 5 channels.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from zdcsim.channels import channel_sums
from zdcsim.response import Responses, reused


class Simulation(Protocol):
    """What answers primaries with channel signals, as `zdcsim.export.emulator.FastSimulation`."""

    def signals(
        self, conditions: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Photo-electrons of O2's channels for conditions (N, 9), shape (N, 5)."""


@dataclass(frozen=True)
class Members:
    """Which showers of a pool make up which event.

    Arguments:
        shower: Row in the pool, of all particles of all events, shape (particles,).
        place: 2 * event + side of each, side 0 for A and 1 for C, shape (particles,).
        events: Number of events, E.
    """

    shower: NDArray[np.int64]
    place: NDArray[np.int64]
    events: int

    @classmethod
    def drawn(cls, numbers: NDArray[np.integer], pool: int, rng: np.random.Generator) -> "Members":
        """Showers drawn at random for events with given numbers of particles.

        Arguments:
            numbers: Particles on the sides A and C of every event, shape (E, 2).
            pool: Showers to draw from, P.
            rng: What draws.

        Raises:
            ValueError: If the shape is not (E, 2), a number is negative, or the pool is empty.
        """
        if numbers.ndim != 2 or numbers.shape[1] != 2 or numbers.min(initial=0) < 0 or pool < 1:
            raise ValueError(
                "events need numbers of particles of shape (E, 2), not negative, and a pool of "
                f"one shower at least; got shape {numbers.shape} and {pool} showers"
            )
        place = np.repeat(np.arange(numbers.size), numbers.reshape(-1))
        return cls(rng.integers(pool, size=len(place)), place, len(numbers))

    def summed(self, signals: NDArray[np.number]) -> NDArray[np.float64]:
        """Signals of the events, shape (E, 2, 5), from those of the pool, shape (P, 5)."""
        found = np.zeros((2 * self.events, signals.shape[1]))
        for channel in range(signals.shape[1]):
            found[:, channel] = np.bincount(
                self.place, signals[self.shower, channel], minlength=2 * self.events
            )
        return found.reshape(self.events, 2, -1)


def signals_by_copy(responses: Responses) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Channel signals of every particle of a sample, its independent showers apart.

    Arguments:
        responses: Each particle with the same number of copies.

    Returns:
        Conditions, shape (P, 9), and photo-electrons in O2's channels, shape (copies, P, 5), the
        particles in the order of the sample.

    Raises:
        ValueError: If particles differ in their number of copies, or a shower is re-used.
    """
    if reused(responses.particle).any():
        raise ValueError("events of re-used showers are not independent; take simulated ones")
    _, first, found, copies = np.unique(
        responses.particle, return_index=True, return_inverse=True, return_counts=True
    )
    if len(np.unique(copies)) != 1:
        raise ValueError(
            f"every particle needs the same number of copies; got {copies.min()} to {copies.max()}"
        )
    rows = np.argsort(first[found], kind="stable")
    signals = channel_sums(responses.dense(), responses.calorimeter, "o2")[rows]
    apart = signals.reshape(len(first), copies[0], -1).transpose(1, 0, 2)
    return responses.conditions[np.sort(first)], apart
