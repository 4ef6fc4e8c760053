"""Which tracks train, validate and test: all tracks of a collision on one side.

Events are put into strata by the rarest species they hold, so that rare species are shared out as
evenly as common ones.

Axis key: N tracks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pid.species import class_of
from pid.tracks import Tracks


@dataclass(frozen=True)
class Split:
    """Masks of a sample's tracks, shape (N,) each; every track is in exactly one."""

    train: NDArray[np.bool_]
    validation: NDArray[np.bool_]
    test: NDArray[np.bool_]


def split(tracks: Tracks, validation: float = 0.16, test: float = 0.2, seed: int = 1) -> Split:
    """Training, validation and test tracks, split by event.

    Arguments:
        tracks: All of them; without truth all events are one stratum.
        validation: Share of events that validate.
        test: Share of events that test.
        seed: Another seed, another split.

    Raises:
        ValueError: If the shares leave nothing to train, or a part gets no event.
    """
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise ValueError(
            f"shares of {validation} and {test} do not split a sample; both must be positive and "
            "their sum below 1"
        )
    events, place = np.unique(tracks.event, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(events))
    ranks = _ranks(_strata(tracks, place, len(events)), order)
    part = np.digitize(ranks, [test, test + validation])[place]
    found = Split(train=part == 2, validation=part == 1, test=part == 0)
    for name, mask in vars(found).items():
        if not mask.any():
            raise ValueError(
                f"{len(events)} events are too few for shares of {validation} and {test}: none is "
                f"left for {name}"
            )
    return found


def _strata(tracks: Tracks, place: NDArray[np.int64], events: int) -> NDArray[np.int64]:
    """The rarest class of each event, 0 where truth is unknown, shape (events,)."""
    strata = np.zeros(events, np.int64)
    if tracks.pdg is None:
        return strata
    classes = class_of(tracks.pdg) + 1
    common_first = np.argsort(-np.bincount(classes), kind="stable")
    for rarity, species in enumerate(common_first):
        strata[place[classes == species]] = rarity
    return strata


def _ranks(strata: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.float64]:
    """A place in (0, 1) of each event among those of its stratum, in the given random order."""
    ranks = np.empty(len(strata))
    for stratum in np.unique(strata):
        own = order[strata[order] == stratum]
        ranks[own] = (np.arange(len(own)) + 0.5) / len(own)
    return ranks
