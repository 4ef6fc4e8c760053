"""Real ALICE tracks from a skim for ultra-peripheral collisions (O2's UD tables).

Each data frame has tracks, their detectors' signals and their n-sigma in trees of equal length.

Axis key: N tracks.

Source: O2Physics, PWGUD/DataModel/UDTables.h.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pid.columns import N_SIGMA, blanked
from pid.io.opened import branches, opened
from pid.io.producer import event_number
from pid.tracks import Tracks, joined

TREES: Final[Mapping[str, tuple[str, ...]]] = {
    "O2udtrack": ("fIndexUDCollisions", "fPx", "fPy", "fPz", "fSign"),
    "O2udtrackextra": (
        "fTPCSignal",
        "fTRDSignal",
        "fTRDPattern",
        "fTPCNClsShared",
        "fTPCNClsFindable",
        "fTPCNClsFindableMinusFound",
        "fITSClusterMap",
    ),
    "O2udtrackpid": tuple(column.name for column in N_SIGMA),
}
COLUMNS: Final = (
    "fTPCSignal",
    "fTRDSignal",
    "fTRDPattern",
    "fP",
    "fPt",
    "fPx",
    "fPy",
    "fPz",
    "fSign",
    "fTPCNClsShared",
    *TREES["O2udtrackpid"],
    "fTPCNClsFindable",
    "fTpcNClsFound",
    "fITSClusterMap",
)


def read(path: Path) -> Tracks:
    """The tracks of a skim, without truth; the TOF signal there is of another kind and left out.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not ROOT, or lacks a tree, a branch or tracks.
    """
    with opened(path) as file:
        frames = [k for k in file.keys(recursive=False, cycle=False) if k.startswith("DF_")]
        parts = []
        for frame in frames:
            absent = [name for name in TREES if name not in file[frame]]
            if absent:
                raise ValueError(f"{path}, {frame} lacks {', '.join(absent)}; no skim of UD tables")
            raw: dict[str, NDArray[np.generic]] = {}
            for name, wanted in TREES.items():
                raw |= branches(file[frame][name], wanted, path)
            parts.append(_tracks(raw, frame, path))
    if not sum(map(len, parts)):
        raise ValueError(f"{path} holds no tracks of a UD skim")
    return joined(parts)


def _tracks(raw: dict[str, NDArray[np.generic]], frame: str, path: Path) -> Tracks:
    px, py, pz = (raw[name].astype(np.float64) for name in ("fPx", "fPy", "fPz"))
    findable = raw["fTPCNClsFindable"].astype(np.int64)
    values = blanked(
        {
            **{name: raw[name] for name in COLUMNS if name in raw},
            "fPt": np.hypot(px, py),
            "fP": np.sqrt(px**2 + py**2 + pz**2),
            "fTpcNClsFound": findable - raw["fTPCNClsFindableMinusFound"].astype(np.int64),
        }
    )
    return Tracks(
        columns=COLUMNS,
        values=np.stack([values[name] for name in COLUMNS], axis=1),
        event=event_number(frame, raw["fIndexUDCollisions"]),
        provenance={"file": path.name, "data_kind": "real ALICE data, UD skim"},
    )
