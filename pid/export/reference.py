"""Tracks on which an export is proved: real ones, and each of them with every detector pattern.

Axis key: N tracks, F columns.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pid.columns import OPTIONAL, PATTERN_BITS, detector_of
from pid.cuts import DetectorLimits
from pid.patterns import PATTERNS
from pid.tracks import Tracks, joined


def all_patterns(tracks: Tracks, limits: DetectorLimits, most: int = 100) -> Tracks:
    """The first tracks as they are, then once with each of the four patterns of TRD and TOF.

    A value that a pattern wants and the track lacks is borrowed from other tracks, or 1 if none
    has it; the momentum p is raised above the limits there, so that the pattern survives them.

    Arguments:
        tracks: At least one.
        limits: On p.
        most: Tracks to take.

    Raises:
        ValueError: If there is no track.
    """
    if not len(tracks):
        raise ValueError("an export is proved on tracks; there is none")
    first = tracks.select(np.arange(min(most, len(tracks))))
    filled = _filled(first.values)
    p = first.columns.index("fP" if "fP" in first.columns else "p")
    filled[:, p] = np.maximum(filled[:, p], 1.01 * max(limits.tof, limits.trd))
    return joined([first, *(_with_pattern(first, filled, bits) for bits in PATTERNS)])


def _filled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Missing values replaced by measured ones of the same column in turn."""
    filled = values.copy()
    for column in filled.T:
        missing = np.isnan(column)
        measured = column[~missing] if not missing.all() else np.ones(1, np.float32)
        column[missing] = np.resize(measured, int(missing.sum()))
    return filled


def _with_pattern(tracks: Tracks, filled: NDArray[np.float32], bits: int) -> Tracks:
    values = filled.copy()
    for index, name in enumerate(tracks.columns):
        for detector in OPTIONAL:
            seen = bool(bits & PATTERN_BITS[detector])
            if detector_of(name) == detector and not seen:
                values[:, index] = np.nan
            if name in (f"mask{detector}", f"has{detector}"):
                values[:, index] = float(seen)
    return replace(tracks, values=values)
