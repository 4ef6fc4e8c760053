"""Numbers in the order of first appearance, in little memory: what was met before keeps its number.

Keys are digests of 16 bytes: of a thousand million things two share one by chance in 10^21 cases.
They lie with their numbers in sorted arrays, 24 bytes each and twice that while arrays are joined;
a dictionary of the things themselves takes ten times as much.

Axis key: N things.
"""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

BYTES = 16
Keys = NDArray[np.bytes_]


def digests(things: Iterable[bytes]) -> Keys:
    """The keys of things, shape (N,)."""
    found = [blake2b(thing, digest_size=BYTES).digest() for thing in things]
    return np.array(found, f"S{BYTES}")


class Numbers:
    """The things met so far; each array of keys is at least twice as long as the next."""

    def __init__(self) -> None:
        self._sorted: list[tuple[Keys, NDArray[np.int64]]] = []
        self._met = 0

    def __len__(self) -> int:
        return self._met

    def of(self, keys: Keys) -> NDArray[np.int64]:
        """The number of each key, shape (N,); those not met before get the next ones, in order."""
        different, first, which = np.unique(keys, return_index=True, return_inverse=True)
        numbers = np.full(len(different), -1, np.int64)
        for known, theirs in self._sorted:
            place = np.minimum(np.searchsorted(known, different), len(known) - 1)
            numbers = np.where(known[place] == different, theirs[place], numbers)
        new = np.flatnonzero(numbers < 0)
        numbers[new[np.argsort(first[new])]] = self._met + np.arange(len(new))
        self._add(different[new], numbers[new])
        return numbers[which]

    def _add(self, keys: Keys, numbers: NDArray[np.int64]) -> None:
        self._met += len(keys)
        while self._sorted and len(self._sorted[-1][0]) < 2 * len(keys):
            more, theirs = self._sorted.pop()
            keys, numbers = np.concatenate([more, keys]), np.concatenate([theirs, numbers])
            order = np.argsort(keys, kind="stable")
            keys, numbers = keys[order], numbers[order]
        if len(keys):
            self._sorted.append((keys, numbers))


class ParticleNumbers:
    """Numbers particles by their first appearance: equal code and conditions, equal number.

    Foreign files name no particle, but give each of its copies the very same conditions.
    """

    def __init__(self) -> None:
        self._numbers = Numbers()

    def of(self, pdg: NDArray[np.int32], conditions: NDArray[np.float32]) -> NDArray[np.int64]:
        """The number of each particle, shape (N,), of codes (N,) and conditions (N, 9)."""
        rows = np.ascontiguousarray(conditions, np.float32) + np.float32(0)  # -0 becomes 0
        codes = np.ascontiguousarray(pdg, np.int64)
        things = (code.tobytes() + row.tobytes() for code, row in zip(codes, rows, strict=True))
        return self._numbers.of(digests(things))
