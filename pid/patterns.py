"""The four patterns of detectors that a track of the TPC can have."""

from collections.abc import Mapping
from typing import Final

PATTERNS: Final[Mapping[int, str]] = {
    1: "TPC",
    3: "TPC, TRD",
    5: "TPC, TOF",
    7: "TPC, TRD, TOF",
}
"""Names by the bits of `Tracks.pattern`."""
