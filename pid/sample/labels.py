"""What a network is asked for, from true PDG codes.

Axis key: N tracks, T targets.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pid.species import CLASSES, TARGETS, class_of

Balance = Literal["none", "weights", "undersample"]
"""Natural abundances; rare targets weigh more in the loss; or abundant species are thinned out."""


def one_vs_rest(pdg: NDArray[np.integer]) -> NDArray[np.float32]:
    """1 where the code is that of the target, else 0, shape (N, 8); muons and nuclei are none."""
    labels: NDArray[np.float32] = (pdg[:, None] == np.array(TARGETS)).astype(np.float32)
    return labels


def multi_class(pdg: NDArray[np.integer]) -> NDArray[np.float32]:
    """1 for the class of the code, shape (N, 4); rows of other species are 0."""
    known = class_of(pdg)[:, None] == np.arange(len(CLASSES))
    labels: NDArray[np.float32] = known.astype(np.float32)
    return labels


def rarity(labels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tracks that are not the target for each that is, shape (T,), of labels (N, T).

    As weight of the tracks that are, it makes both sides of every binary answer equally heavy.

    Raises:
        ValueError: If a target never occurs.
    """
    share = _shares(labels)
    return np.asarray((1 - share) / share, np.float32)


def class_weights(labels: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (T share) of each class, shape (T,), of labels (N, T): all classes are equally heavy.

    Raises:
        ValueError: If a class never occurs.
    """
    share = _shares(labels)
    return np.asarray(1 / (len(share) * share), np.float32)


def _shares(labels: NDArray[np.float32]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = labels.mean(axis=0, dtype=np.float64)
    if not share.all():
        absent = np.flatnonzero(share == 0).tolist()
        raise ValueError(f"no training track is of target {absent}; it cannot be weighted")
    return share


def thinned(pdg: NDArray[np.integer], seed: int) -> NDArray[np.int64]:
    """Indices that keep of each species at most as many as the largest after pions has.

    Raises:
        ValueError: If there is nothing but pions.
    """
    species, which, counts = np.unique(np.abs(pdg), return_inverse=True, return_counts=True)
    others = counts[species != CLASSES[0].pdg]
    if not len(others):
        raise ValueError("the training tracks are all pions; nothing can be thinned out")
    order = np.random.default_rng(seed).permutation(len(pdg))
    rank = np.empty(len(pdg), np.int64)
    for index in range(len(species)):
        own = order[which[order] == index]
        rank[own] = np.arange(len(own))
    return np.flatnonzero(rank < others.max())
