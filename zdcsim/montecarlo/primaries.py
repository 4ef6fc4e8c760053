"""Primary particles: what is to be simulated, before Geant4 sees it.

Axis key: N particles.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import NAMES


@dataclass(frozen=True)
class Primaries:
    """Particles with the nine conditions, in O2's order and units.

    Arguments:
        pdg: PDG codes, shape (N,).
        conditions: Shape (N, 9).
        event: Number of the collision each comes from, shape (N,); of a gun, of the shot.
    """

    pdg: NDArray[np.int32]
    conditions: NDArray[np.float32]
    event: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pdg)

    @classmethod
    def none(cls) -> "Primaries":
        """No particle."""
        return cls(
            np.empty(0, np.int32), np.empty((0, len(NAMES)), np.float32), np.empty(0, np.int64)
        )

    @classmethod
    def joined(cls, parts: "list[Primaries]") -> "Primaries":
        """The particles of all parts, in order."""
        parts = [cls.none(), *parts]
        return cls(
            np.concatenate([part.pdg for part in parts]),
            np.concatenate([part.conditions for part in parts]),
            np.concatenate([part.event for part in parts]),
        )

    def first(self, n: int) -> "Primaries":
        """The first n particles."""
        return Primaries(self.pdg[:n], self.conditions[:n], self.event[:n])

    def select(self, rows: NDArray[np.bool_]) -> "Primaries":
        """The particles of those rows."""
        return Primaries(self.pdg[rows], self.conditions[rows], self.event[rows])


Batch = tuple[Primaries, NDArray[np.bool_]]
"""Particles and whether they reach the face, shape (N,)."""


@dataclass
class _Collected:
    """Particles gathered until there are enough."""

    wanted: int
    parts: list[Primaries] = field(default_factory=list)
    found: int = 0

    @property
    def full(self) -> bool:
        return self.found >= self.wanted

    def add(self, particles: Primaries) -> None:
        if not self.full:
            self.parts.append(particles)
            self.found += len(particles)

    def primaries(self) -> Primaries:
        return Primaries.joined(self.parts).first(self.wanted)


def gathered(batches: Iterator[Batch], hits: int, misses: int) -> tuple[Primaries, Primaries]:
    """The first particles that reach the face, and the first that do not.

    Arguments:
        batches: Particles and whether they reach, shape (N,); read until there are enough.
        hits: How many that reach.
        misses: How many that do not.
    """
    reached, missed = _Collected(hits), _Collected(misses)
    for particles, reaches in batches:
        reached.add(particles.select(reaches))
        missed.add(particles.select(~reaches))
        if reached.full and missed.full:
            break
    return reached.primaries(), missed.primaries()
