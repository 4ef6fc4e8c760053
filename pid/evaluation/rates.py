"""Purity, efficiency and F1 of a selection, each with its binomial interval.

==========  ====================  ==============================================================
name        formula               binomial in
==========  ====================  ==============================================================
purity      TP / (TP + FP)        the selected tracks; the literature's precision
efficiency  TP / (TP + FN)        the tracks of the species; the literature's recall
F1          2 TP / (2 TP + FP     tracks selected or of the species: F1 = 2 J / (1 + J) rises
            + FN)                 with the share J = TP / (TP + FP + FN), whose interval it takes
==========  ====================  ==============================================================

Axis key: N tracks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pid.evaluation.intervals import Interval, Share, share


@dataclass(frozen=True)
class Rates:
    """A selection judged by the truth; purity is free of a value when nothing is selected.

    Arguments:
        purity: Share of the species among the selected tracks.
        efficiency: Share of the selected among the tracks of the species.
        f1: Their harmonic mean.
        tracks: All tracks.
    """

    purity: Share
    efficiency: Share
    f1: Share
    tracks: int


def rates(
    selected: NDArray[np.bool_], truth: NDArray[np.bool_], interval: Interval = "wilson"
) -> Rates:
    """The rates of a selection; both arrays of shape (N,)."""
    true = int((selected & truth).sum())
    picked, signal = int(selected.sum()), int(truth.sum())
    either = share(true, picked + signal - true, interval)
    return Rates(
        purity=share(true, picked, interval),
        efficiency=share(true, signal, interval),
        f1=Share(_f1(either.value), _f1(either.low), _f1(either.high), either.whole),
        tracks=len(truth),
    )


def _f1(overlap: float | None) -> float | None:
    return None if overlap is None else 2 * overlap / (1 + overlap)
