"""How well a score orders tracks, whatever the threshold.

Axis key: N tracks.
"""

import numpy as np
from numpy.typing import NDArray

from pid.working_point import Curve


def roc_auc(found: Curve) -> float | None:
    """Probability that a signal track scores above a background one, ties counting half.

    None without signal or without background.
    """
    if found.signal in (0, found.tracks):
        return None
    efficiency = np.append(0.0, found.efficiency)
    false_rate = np.append(0.0, found.false_rate)
    return float(np.trapezoid(efficiency, false_rate))


def average_precision(found: Curve) -> float | None:
    """Sum over thresholds of purity times the efficiency gained, without interpolation.

    None without signal.
    """
    if not found.signal:
        return None
    return float(np.sum(found.purity * np.diff(found.efficiency, prepend=0.0)))


def thinned(found: Curve, points: int = 200) -> NDArray[np.int64]:
    """Indices of at most so many points of a curve, evenly spread in efficiency, ends included."""
    wanted = np.linspace(0, found.true[-1], points)
    chosen = np.searchsorted(found.true, wanted).clip(max=len(found.scores) - 1)
    return np.unique(np.concatenate([[0], chosen, [len(found.scores) - 1]]))
