"""The cut analysts use: deviation in the TPC below a momentum, of TPC and TOF combined above.

Axis key: N tracks, 4 classes in the order of `CLASSES`, 8 targets in the order of `TARGETS`.
"""

import numpy as np
from numpy.typing import NDArray

from pid.models.charge import by_charge
from pid.models.deviations import Deviations, ResponseSettings, deviations
from pid.tracks import Tracks


def combined(
    found: Deviations, momentum: NDArray[np.floating], combined_from: float
) -> NDArray[np.float64]:
    """Absolute deviations, shape (N, 4).

    That of the TPC below the momentum `combined_from` in GeV/c and where the TOF is missing, the
    root of the sum of both squares elsewhere; infinite without TPC.
    """
    both = np.hypot(found.tpc, found.tof)
    use_tof = ~np.isnan(found.tof) & (momentum >= combined_from)[:, None]
    chosen = np.where(use_tof, both, np.abs(found.tpc))
    return np.where(np.isnan(chosen), np.inf, chosen)


def score(
    tracks: Tracks,
    response: ResponseSettings | None = None,
    combined_from: float = 0.5,
) -> NDArray[np.float64]:
    """1 / (1 + n) of each target, shape (N, 8); 0 for the wrong sign.

    A cut at n standard deviations is one at this score, so 3 sigma is 0.25.

    Arguments:
        tracks: As `deviations` needs them, with fSign.
        response: The assumed resolutions; none: the defaults.
        combined_from: Momentum in GeV/c from which the TOF counts.

    Raises:
        ValueError: If a column is absent.
    """
    found = deviations(tracks, response or ResponseSettings())
    n = combined(found, tracks.column("fP"), combined_from)
    return by_charge(1 / (1 + n), tracks.column("fSign")).astype(np.float64)
