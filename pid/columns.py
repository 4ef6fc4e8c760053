"""The columns of the PIDML producer's tables: units, detectors, and how "not measured" is written.

A detector that did not see a track leaves NaN in new productions and a sentinel in older ones. The
columns of a detector are missing together: one sentinel blanks them all. O2's PIDML knows no
sentinels and blanks by the track's flags alone, so that it sees half-measured detectors; the
difference is described in docs/o2.md.

Axis key: N tracks.

Source: O2Physics, Tools/PIDML/pidMl.h (tables), pidUtils.h (sentinels); units of O2's data model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pid.features46 import BY_NAME
from pid.species import HYPOTHESES

Detector = Literal["TPC", "TRD", "TOF", "track", "event", "truth"]
Missable = Literal["TPC", "TRD", "TOF"]

PATTERN_BITS: Final[Mapping[Missable, int]] = {"TPC": 1, "TRD": 2, "TOF": 4}
"""Bits of a track's detector pattern."""

OPTIONAL: Final[tuple[Missable, ...]] = ("TRD", "TOF")
"""The detectors that a track of the TPC may lack."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Arguments:
        name: The branch in ROOT.
        unit: Empty for numbers without one.
        detector: Which detector measures it; a missing detector blanks all of its columns.
        missing: Values that say "not measured", besides NaN.
        scaled: Whether models see it with zero mean and unit variance.
        dtype: NumPy type of the branch.
    """

    name: str
    unit: str
    detector: Detector = "track"
    missing: tuple[float, ...] = ()
    scaled: bool = False
    dtype: str = "float32"


PRODUCER: Final = (
    Column("fTPCSignal", "arbitrary, 50 at minimum ionisation", "TPC", (-999.0, 0.0), scaled=True),
    Column("fTRDSignal", "arbitrary", "TRD", (-999.0, 0.0), scaled=True),
    Column("fTRDPattern", "bit pattern of layers", "TRD", (0.0,), dtype="uint8"),
    Column("fTOFSignal", "ps", "TOF", (-999.0,), scaled=True),
    Column("fBeta", "c", "TOF", (-999.0,), scaled=True),
    Column("fP", "GeV/c"),
    Column("fPt", "GeV/c"),
    Column("fPx", "GeV/c"),
    Column("fPy", "GeV/c"),
    Column("fPz", "GeV/c"),
    Column("fSign", "e"),
    Column("fX", "cm", scaled=True),
    Column("fY", "cm", scaled=True),
    Column("fZ", "cm", scaled=True),
    Column("fAlpha", "rad", scaled=True),
    Column("fTrackType", "O2's number", dtype="uint8"),
    Column("fTPCNClsShared", "clusters", "TPC", scaled=True, dtype="uint8"),
    Column("fDcaXY", "cm", scaled=True),
    Column("fDcaZ", "cm", scaled=True),
)
"""The 19 columns of O2pidtracksdataml, in its order."""

EVENT: Final = Column("fIndexCollisions", "index in its data frame", "event", dtype="int32")
PDG: Final = Column("fPdgCode", "PDG code", "truth", dtype="int32")
PRIMARY: Final = Column("fIsPhysicalPrimary", "0 or 1", "truth", dtype="uint8")
TRUTH: Final = (PDG, PRIMARY)
"""What O2pidtracksmcml has besides."""

N_SIGMA: Final = tuple(
    Column(f"f{detector}NSigma{species.label}", "sigma", detector, (-999.0,), scaled=True)
    for species in HYPOTHESES
    for detector in ("TPC", "TOF")
)
"""Deviations from the expected signals in the extended tables: electron to proton, TPC then TOF."""

EXTENDED: Final = (
    Column("fMultNTracksPV", "tracks", "event", dtype="int32"),
    Column("fPosZ", "cm", "event"),
    *N_SIGMA,
    Column("fTPCNClsFindable", "clusters", "TPC", dtype="uint8"),
    Column("fTpcNClsFound", "clusters", "TPC", dtype="int16"),
    Column("fTPCChi2NCl", "", "TPC"),
    Column("fLength", "cm", "TOF", (-999.0,)),
    Column("fITSClusterMap", "bit pattern of layers", dtype="uint8"),
    Column("fTRDChi2", "", "TRD", (-999.0,)),
)
"""The columns of O2pidtracksmc beyond PRODUCER that this project reads and writes."""

COLUMNS: Final[Mapping[str, Column]] = {
    column.name: column for column in (EVENT, *PRODUCER, *EXTENDED, *TRUTH)
}
"""Every column of the producer's tables by name."""

MODEL: Final = tuple(
    column.name for column in PRODUCER if column.name not in {"fTRDSignal", "fPt", "fTrackType"}
)
"""The 16 columns that the published models use, in their order."""

SIGNALS: Final[Mapping[Missable, tuple[str, ...]]] = {
    "TPC": ("fTPCSignal", "tpcSignal"),
    "TRD": ("fTRDPattern", "fTRDSignal", "trdPattern", "trdSignal"),
    "TOF": ("fBeta", "fTOFSignal", "beta"),
}
"""Columns whose presence shows that a detector saw the track, in either schema."""


def column(name: str) -> Column:
    """The column of that name.

    Raises:
        ValueError: If the producer's tables have none.
    """
    if name not in COLUMNS:
        raise ValueError(f"unknown column {name!r}; known are {', '.join(COLUMNS)}")
    return COLUMNS[name]


def scaled(name: str) -> bool:
    """Whether models see a column of either schema with zero mean and unit variance.

    Raises:
        ValueError: If neither schema has it.
    """
    return BY_NAME[name].scaled if name in BY_NAME else column(name).scaled


def detector_of(name: str) -> str:
    """The detector of a column of either schema; empty for an unknown one."""
    if name in BY_NAME:
        return BY_NAME[name].group
    return COLUMNS[name].detector if name in COLUMNS else ""


def blanked(values: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.float32]]:
    """Columns as float32, with NaN where their detector did not see the track.

    Arguments:
        values: Columns by name, shape (N,) each. A detector is missing where any of its given
            columns is NaN or holds one of its sentinels.

    Returns:
        The same columns; those of a missing detector are NaN together.
    """
    found = {name: np.asarray(array).astype(np.float32) for name, array in values.items()}
    for detector in PATTERN_BITS:
        own = [name for name in found if column(name).detector == detector]
        if own:
            absent = np.logical_or.reduce([_unmeasured(name, found[name]) for name in own])
            for name in own:
                found[name][absent] = np.nan
    return found


def _unmeasured(name: str, values: NDArray[np.float32]) -> NDArray[np.bool_]:
    unmeasured: NDArray[np.bool_] = np.isnan(values) | np.isin(
        values, np.array(column(name).missing, np.float32)
    )
    return unmeasured
