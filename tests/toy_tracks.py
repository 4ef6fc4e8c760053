"""Toy tracks for tests: every detector pattern, exact numbers, no physics."""

import numpy as np

from pid.columns import MODEL, column
from pid.species import TARGETS
from pid.tracks import Tracks


def toy_tracks(count: int = 64, seed: int = 1, columns: tuple[str, ...] = MODEL) -> Tracks:
    """Labelled tracks whose TOF and TRD are missing in turn; four tracks an event.

    Signals lie around 100 + the species' place in TARGETS, so that they can be told apart.
    """
    rng = np.random.default_rng([seed, count])
    pdg = np.array(TARGETS, np.int32)[rng.integers(len(TARGETS), size=count)]
    place = np.array([TARGETS.index(int(code)) for code in pdg])
    values = rng.normal(size=(count, len(columns)))
    for index, name in enumerate(columns):
        if column(name).detector in ("TPC", "TOF"):
            values[:, index] += 100 + place
        if column(name).detector == "TRD":
            values[:, index] = rng.integers(1, 64, size=count)
        if name in ("fP", "fPt"):
            values[:, index] = 1 + rng.exponential(size=count)
    turn = np.arange(count)
    for detector, absent in (("TOF", turn % 2 == 1), ("TRD", turn % 4 >= 2)):
        own = np.array([column(name).detector == detector for name in columns])
        values[np.ix_(absent, own)] = np.nan
    return Tracks(
        columns=columns,
        values=values.astype(np.float32),
        event=turn // 4,
        pdg=pdg,
        primary=rng.random(count) < 0.8,
        provenance={"data_kind": "toy"},
    )
