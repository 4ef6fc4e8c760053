"""Which measurements are used, the same in training and at inference.

O2 uses TOF and TRD only above a momentum; below, it hands NaN to the model, whatever was measured.

Axis key: N tracks.

Source: O2Physics, Tools/PIDML/pidOnnxModel.h and pidUtils.h (`inPLimit`: p >= limit).
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pid.columns import detector_of
from pid.tracks import Tracks

TOF_LIMITED: Final = ("fTOFSignal", "fBeta")
TRD_LIMITED: Final = ("fTRDSignal", "fTRDPattern")
"""The columns that O2 blanks below the detector's limit; n-sigma columns are not among them."""


@dataclass(frozen=True)
class DetectorLimits:
    """Momenta p in GeV/c from which on a detector is used; 0 uses it always."""

    tof: float = 0.5
    trd: float = 0.8

    def __post_init__(self) -> None:
        if not (self.tof >= 0 and self.trd >= 0):
            raise ValueError(
                f"detector limits are momenta in GeV/c, 0 or more; got {self.tof} and {self.trd}"
            )


def apply(tracks: Tracks, limits: DetectorLimits) -> Tracks:
    """Tracks of either schema with NaN in the TOF and TRD columns below their limits.

    Of the 46 floats of `pid_features`, all of a detector goes, also its counts and n-sigma, and
    also where the detector's mask says that it did not see the track.

    Raises:
        ValueError: If the tracks have no column of p.
    """
    if "fP" not in tracks.columns and "p" in tracks.columns:
        return replace(tracks, values=_limited46(tracks, limits))
    momentum = tracks.column("fP")
    values = tracks.values.copy()
    for names, limit in ((TOF_LIMITED, limits.tof), (TRD_LIMITED, limits.trd)):
        # O2 compares the float momentum with the limit in double precision.
        below = ~(momentum.astype(np.float64) >= limit)
        for name in set(names) & set(tracks.columns):
            values[below, tracks.columns.index(name)] = np.nan
    return replace(tracks, values=values)


def _limited46(tracks: Tracks, limits: DetectorLimits) -> NDArray[np.float32]:
    values, p = tracks.values.copy(), tracks.column("p").astype(np.float64)
    for place, name in enumerate(tracks.columns):
        detector = detector_of(name)
        values[p < {"TOF": limits.tof, "TRD": limits.trd}.get(detector, 0.0), place] = np.nan
        if (flag := f"mask{detector}") in tracks.columns:
            values[tracks.column(flag) == 0, place] = np.nan
    return values
