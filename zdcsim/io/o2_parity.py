"""Which colour of the chessboard reads out in the common photomultiplier, judged by the hits.

The image of a response does not say which fibres are common, and O2's own codes disagree. The
`ZDCHit` branch of the same file does: sector 0 holds the light of the common fibres.

Axis key: R recorded particles, H hits, Nx by Ny fibres.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Side
from zdcsim.io.o2_branches import Recorded

Parity = Literal["even", "odd", "mirrored"]
"""Parity of x + y of the common fibres; `mirrored` is odd on the A and even on the C side."""
COMMON_SECTOR = 0


def common_is_odd(parity: Parity, side: Side) -> bool:
    """Whether the common fibres of that side are those of odd x + y."""
    return side == "A" if parity == "mirrored" else parity == "odd"


@dataclass
class Disagreement:
    """Photo-electrons by which the images' even, or odd, fibres miss the hits' common light."""

    even: int = 0
    odd: int = 0

    def add(self, images: Recorded, hits: dict[str, NDArray[Any]], number: int) -> None:
        """Count the events of a block for one calorimeter, O2's detector number.

        Events whose hits there have no light at all say nothing.
        """
        events = int(max(images.event.max(initial=-1), hits["event"].max(initial=-1))) + 1
        here = hits["mDetectorID"] == number
        any_light = _by_event(hits, here, events) > 0
        common = _by_event(hits, here & (hits["mSectorID"] == COMMON_SECTOR), events)
        rows = images.detector == number
        x, y = np.indices(images.images.shape[1:])
        for odd in (False, True):
            fibres = (x + y) % 2 == int(odd)
            sums = images.images[rows][:, fibres].sum(axis=1)
            found = np.bincount(images.event[rows], weights=sums, minlength=events)
            missed = int(np.abs(found - common)[any_light].sum())
            if odd:
                self.odd += missed
            else:
                self.even += missed

    def check(self, parity: Parity, side: Side, place: str) -> None:
        """Refuse a parity that the hits contradict.

        Raises:
            ValueError: If the other colour is nearer to the hits' common light.
        """
        odd = common_is_odd(parity, side)
        given, other = (self.odd, self.even) if odd else (self.even, self.odd)
        if other < given:
            names = ("odd", "even") if odd else ("even", "odd")
            raise ValueError(
                f"{place}: the common fibres of side {side} cannot be those of {names[0]} x + y; "
                f"their light misses that of the hits by {given} photo-electrons, that of the "
                f"{names[1]} ones by {other}: choose another parity"
            )


def _by_event(
    hits: dict[str, NDArray[Any]], wanted: NDArray[np.bool_], events: int
) -> NDArray[np.float64]:
    """Photo-electrons of the photomultipliers' hits in every event, shape (events,)."""
    light = hits["mNphePMC"][wanted].astype(np.int64)
    return np.bincount(hits["event"][wanted], weights=light, minlength=events).astype(np.float64)
