"""A check on real data that needs no truth: tracks whose species n-sigma alone leaves no doubt of.

TPC and TOF must agree on one species and exclude the others. A classifier that suits the data
selects as many of these tracks there as in simulation, with alike scores.

Axis key: N tracks, T targets.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pid.evaluation.intervals import Share, share
from pid.models.deviations import ResponseSettings, deviations
from pid.species import TARGETS, charge_of, class_of
from pid.tracks import Tracks
from pid.working_point import WorkingPoint, momentum_of

FEWEST = 20
"""Tagged tracks that a domain needs for its scores to be compared."""


@dataclass(frozen=True)
class TagSettings:
    """What leaves no doubt.

    Arguments:
        inside: Largest deviation from the species, in both detectors, standard deviations.
        outside: Smallest deviation, of both detectors combined, from every other species.
    """

    inside: float = 2.0
    outside: float = 4.0


@dataclass(frozen=True)
class TaggedCheck:
    """One species without truth.

    Arguments:
        pdg: Its PDG code.
        simulation: Share of its tagged tracks that the classifier selects, in simulation.
        data: The same in data.
        distance: Largest difference between the cumulative distributions of both domains' scores
            (Kolmogorov-Smirnov); None if a domain has too few tagged tracks.
    """

    pdg: int
    simulation: Share
    data: Share
    distance: float | None


def tagged(tracks: Tracks, settings: TagSettings | None = None) -> NDArray[np.int32]:
    """PDG code of the target that each track is tagged as, 0 for none, shape (N,).

    Arguments:
        tracks: After the limits on p, with the columns of `deviations` and fSign.
        settings: What leaves no doubt; none: the defaults.

    Raises:
        ValueError: If a column is absent.
    """
    chosen = settings or TagSettings()
    found = deviations(tracks, ResponseSettings())
    both = np.hypot(found.tpc, found.tof)
    near = (np.abs(found.tpc) < chosen.inside) & (np.abs(found.tof) < chosen.inside)
    far = both > chosen.outside  # false where a detector is missing
    alone = near & (far.sum(axis=1, keepdims=True) == far.shape[1] - 1)
    sign = np.sign(tracks.column("fSign"))
    codes = np.zeros(len(tracks), np.int32)
    for pdg, charge in zip(TARGETS, charge_of(np.array(TARGETS)), strict=True):
        codes[alone[:, class_of(np.array(pdg))] & (sign == charge)] = pdg
    return codes


def check(
    simulation: tuple[Tracks, NDArray[np.floating]],
    data: tuple[Tracks, NDArray[np.floating]],
    working_points: Mapping[int, WorkingPoint],
    settings: TagSettings | None = None,
) -> tuple[TaggedCheck, ...]:
    """Compare a classifier on the tagged tracks of both domains; no truth is looked at.

    Arguments:
        simulation: Tracks after the limits on p, and their scores (N, T).
        data: The same of the data.
        working_points: Thresholds by PDG code, in the order of the scores.
        settings: What leaves no doubt; none: the defaults.
    """
    tags = [tagged(tracks, settings) for tracks, _ in (simulation, data)]
    found = []
    for place, (pdg, point) in enumerate(working_points.items()):
        own, shares = [], []
        for (tracks, scores), tag in zip((simulation, data), tags, strict=True):
            rows = tag == pdg
            score = scores[rows, place]
            momentum = momentum_of(tracks, point.momentum)[rows]
            own.append(score)
            shares.append(share(int(point.select(score, momentum).sum()), len(score)))
        found.append(TaggedCheck(pdg, shares[0], shares[1], _distance(own[0], own[1])))
    return tuple(found)


def _distance(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> float | None:
    if min(len(ours), len(theirs)) < FEWEST:
        return None
    at = np.concatenate([ours, theirs])
    cumulative = [
        np.searchsorted(np.sort(each), at, side="right") / len(each) for each in (ours, theirs)
    ]
    return float(np.abs(cumulative[0] - cumulative[1]).max())
