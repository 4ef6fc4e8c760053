"""Where to cut on a score: thresholds for a wanted purity or efficiency, or for the best F1.

A track is selected when score >= threshold, as O2Physics does (PidONNXModel::applyModelBoolean,
and MlResponse with CutSmaller). Thresholds lie halfway between two scores of the sample, so that
float32 differences between runtimes select the same tracks.

Axis key: N tracks, B momentum bins, K distinct scores.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pid.tracks import Tracks

Goal = Literal["f1", "purity", "efficiency"]
Momentum = Literal["p", "pt"]
SELECTS_NOTHING = 2.0
"""A threshold above every score, for a purity that no threshold of the sample reaches."""


@dataclass(frozen=True)
class Curve:
    """Every selection that a threshold on a score can make, the tightest first.

    Arguments:
        scores: Distinct scores, descending, shape (K,).
        selected: Tracks with at least that score, shape (K,).
        true: Those of them that are signal, shape (K,).
        tracks: All tracks, N.
        signal: All signal tracks.
    """

    scores: NDArray[np.float64]
    selected: NDArray[np.int64]
    true: NDArray[np.int64]
    tracks: int
    signal: int

    @cached_property
    def purity(self) -> NDArray[np.float64]:
        """Share of signal among the selected, shape (K,)."""
        return self.true / self.selected

    @cached_property
    def efficiency(self) -> NDArray[np.float64]:
        """Share of the signal that is selected, shape (K,); nan without signal."""
        with np.errstate(invalid="ignore"):
            return self.true / np.float64(self.signal)

    @cached_property
    def false_rate(self) -> NDArray[np.float64]:
        """Share of the background that is selected, shape (K,); nan without background."""
        with np.errstate(invalid="ignore"):
            return (self.selected - self.true) / np.float64(self.tracks - self.signal)

    @cached_property
    def f1(self) -> NDArray[np.float64]:
        """Harmonic mean of purity and efficiency, 2 TP / (selected + signal), shape (K,)."""
        return 2 * self.true / (self.selected + self.signal)

    def threshold(self, index: int) -> float:
        """Halfway between score `index` and the next lower one, or that score if it is the last."""
        following = min(index + 1, len(self.scores) - 1)
        return float(0.5 * (self.scores[index] + self.scores[following]))


def curve(score: NDArray[np.floating], truth: NDArray[np.bool_]) -> Curve:
    """All selections of a sample.

    Arguments:
        score: The larger the more like signal, shape (N,).
        truth: Whether the track is signal, shape (N,).

    Raises:
        ValueError: If the sample is empty, a score is not finite or the shapes differ.
    """
    if score.ndim != 1 or score.shape != truth.shape or not len(score):
        raise ValueError(
            f"scores and truth must be two lists of equal length, not empty; "
            f"got shapes {score.shape} and {truth.shape}"
        )
    if not np.isfinite(score).all():
        raise ValueError(f"{int((~np.isfinite(score)).sum())} scores are not finite numbers")
    order = np.argsort(-score.astype(np.float64), kind="stable")
    ordered = score[order].astype(np.float64)
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    true = np.cumsum(truth[order], dtype=np.int64)
    return Curve(ordered[last], last + 1, true[last], len(score), int(true[-1]))


def best_f1(found: Curve) -> float:
    """Threshold of the largest F1; of equal ones the highest threshold."""
    return found.threshold(int(np.argmax(found.f1)))


def for_efficiency(found: Curve, wanted: float) -> float:
    """Highest threshold that keeps at least the wanted efficiency."""
    enough = found.true >= wanted * found.signal
    return found.threshold(int(np.argmax(enough)))


def for_purity(found: Curve, wanted: float) -> float:
    """Threshold of the largest efficiency whose purity is at least the wanted one.

    `SELECTS_NOTHING` when no threshold reaches it.
    """
    pure = np.flatnonzero(found.purity >= wanted)
    return found.threshold(int(pure[-1])) if len(pure) else SELECTS_NOTHING


def threshold(found: Curve, goal: Goal, wanted: float | None = None) -> float:
    """The threshold of a goal.

    Raises:
        ValueError: If `wanted` is missing, not between 0 and 1, or given for F1.
    """
    if goal == "f1":
        if wanted is not None:
            raise ValueError(f"the best F1 takes no wanted value; got {wanted}")
        return best_f1(found)
    if wanted is None or not 0 < wanted <= 1:
        raise ValueError(f"a wanted {goal} must lie above 0 and be at most 1; got {wanted}")
    return for_purity(found, wanted) if goal == "purity" else for_efficiency(found, wanted)


@dataclass(frozen=True)
class WorkingPoint:
    """Thresholds of one species in bins of momentum.

    Arguments:
        goal: What they were chosen for.
        wanted: The wanted purity or efficiency; None for F1.
        edges: Edges of the bins in GeV/c, ascending, B + 1 of them.
        thresholds: One for every bin, B.
        signal: Signal tracks that each was chosen on, B.
        borrowed: Whether the bin had too few of them and took the threshold of all momenta, B.
        momentum: Whether the bins are in p or, as in MlResponse, in pT.
    """

    goal: Goal
    wanted: float | None
    edges: tuple[float, ...]
    thresholds: tuple[float, ...]
    signal: tuple[int, ...]
    borrowed: tuple[bool, ...]
    momentum: Momentum = "pt"

    def __post_init__(self) -> None:
        check_edges(self.edges)
        bins = len(self.edges) - 1
        if not bins == len(self.thresholds) == len(self.signal) == len(self.borrowed):
            raise ValueError(f"{bins} momentum bins need as many thresholds")

    def at(self, momentum: NDArray[np.floating]) -> NDArray[np.float64]:
        """The threshold for every momentum, shape (N,); outside the edges that of the end bins."""
        return np.array(self.thresholds)[bin_of(momentum, self.edges)]

    def select(
        self, score: NDArray[np.floating], momentum: NDArray[np.floating]
    ) -> NDArray[np.bool_]:
        """Which tracks are identified, shape (N,)."""
        return score >= self.at(momentum)


def check_edges(edges: tuple[float, ...]) -> None:
    """Refuse edges that are no bins.

    Raises:
        ValueError: If there are fewer than two or they do not ascend.
    """
    if len(edges) < 2 or not all(low < high for low, high in pairwise(edges)):
        raise ValueError(f"momentum edges must ascend and be two at least; got {edges}")


def bin_of(momentum: NDArray[np.floating], edges: tuple[float, ...]) -> NDArray[np.int64]:
    """Bin of every momentum, low edge included, shape (N,); the end bins reach to infinity."""
    return np.searchsorted(np.array(edges[1:-1]), momentum, side="right")


def momentum_of(tracks: Tracks, quantity: Momentum) -> NDArray[np.float32]:
    """p or pT in GeV/c of tracks of either schema, shape (N,)."""
    producer = "fP" in tracks.columns
    if quantity == "p":
        return tracks.column("fP" if producer else "p")
    px, py = tracks.take(("fPx", "fPy") if producer else ("px", "py")).T
    pt: NDArray[np.float32] = np.hypot(px, py)
    return pt


def working_point(
    score: NDArray[np.floating],
    truth: NDArray[np.bool_],
    momentum: NDArray[np.floating],
    edges: tuple[float, ...],
    goal: Goal = "f1",
    wanted: float | None = None,
    fewest: int = 50,
    quantity: Momentum = "pt",
) -> WorkingPoint:
    """Thresholds in bins of momentum, chosen on validation tracks.

    Arguments:
        score: Shape (N,).
        truth: Whether the track is of the species, shape (N,).
        momentum: GeV/c, shape (N,).
        edges: Of the bins, GeV/c.
        goal: What to choose the thresholds for.
        wanted: The wanted purity or efficiency; None for F1.
        fewest: A bin with fewer signal tracks takes the threshold of all momenta together.
        quantity: What `momentum` holds; recorded.

    Raises:
        ValueError: If an argument is impossible, see `curve` and `threshold`.
    """
    check_edges(edges)
    everywhere = threshold(curve(score, truth), goal, wanted)
    where = bin_of(momentum, edges)
    thresholds, signal = [], []
    for number in range(len(edges) - 1):
        inside = where == number
        signal.append(int(truth[inside].sum()))
        enough = signal[-1] >= max(fewest, 1)
        here = threshold(curve(score[inside], truth[inside]), goal, wanted) if enough else None
        thresholds.append(here)
    return WorkingPoint(
        goal,
        wanted,
        edges,
        tuple(everywhere if here is None else here for here in thresholds),
        tuple(signal),
        tuple(here is None for here in thresholds),
        quantity,
    )
