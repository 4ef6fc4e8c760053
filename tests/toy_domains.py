"""Tracks of pions and kaons with Gaussian signals, so that the best possible classifier is known.

The TPC signal tells a little and the velocity much, which half of the tracks have. Another domain
may shift both signals.
"""

import numpy as np
from numpy.typing import NDArray

from pid.tracks import Tracks

COLUMNS = ("fTPCSignal", "fBeta", "fP", "fSign")
KAON_SHARE = 0.3
TPC_DISTANCE, TOF_DISTANCE = 1.5, 3.0


def gaussian_tracks(
    count: int, rng: np.random.Generator, shift: float = 0.0, kaons: float = KAON_SHARE
) -> Tracks:
    """Positive tracks, two an event, of 1 GeV/c; a shift moves both signals."""
    kaon = rng.random(count) < kaons
    values = np.empty((count, len(COLUMNS)), np.float32)
    values[:, 0] = rng.standard_normal(count) + TPC_DISTANCE * kaon + shift
    values[:, 1] = rng.standard_normal(count) + TOF_DISTANCE * kaon + shift
    values[rng.random(count) < 0.5, 1] = np.nan
    values[:, 2:] = 1.0
    return Tracks(
        columns=COLUMNS,
        values=values,
        event=np.arange(count) // 2,
        pdg=np.where(kaon, 321, 211).astype(np.int32),
        primary=np.ones(count, np.bool_),
        provenance={"data_kind": "toy"},
    )


def best_log_odds(tracks: Tracks, kaons: float = KAON_SHARE) -> NDArray[np.float64]:
    """Logarithm of the odds of a kaon, in closed form, shape (N,)."""
    tpc, beta = tracks.take(COLUMNS[:2]).astype(np.float64).T
    tpc_part = TPC_DISTANCE * (tpc - TPC_DISTANCE / 2)
    tof_part = np.nan_to_num(TOF_DISTANCE * (beta - TOF_DISTANCE / 2))
    odds: NDArray[np.float64] = np.log(kaons / (1 - kaons)) + tpc_part + tof_part
    return odds
