"""The flat tree `pid_features` that O2's PID feature extractor writes.

Axis key: N tracks.

Source: O2Physics, Tools/PIDFeatureExtractor/pidFeatureExtractor.cxx (branches) and
pidOnnxInference.cxx (what a missing detector's features are).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pid.features46 import FEATURES46, SIGN
from pid.io.opened import branches, opened, provenance
from pid.tracks import Tracks

TREE: Final = "pid_features"
TRUTH: Final = ("mcPdg", "mcIsPhysicalPrimary")
DERIVED: Final = "itsNClusters"
STORED: Final = tuple(
    feature.name for feature in FEATURES46 if feature.group != "mask" and feature.name != DERIVED
)
FLAGS: Final[Mapping[str, str]] = {
    "TPC": "hasTPC",
    "TOF": "hasTOF",
    "TRD": "hasTRD",
    "EMCal": "hasEMCal",
    "HMPID": "hasHMPID",
}
ITS_LAYERS: Final = 7
BITS_PER_LAYER: Final = 4


def read(path: Path, truth: bool = True) -> Tracks:
    """The 46 inputs of the four-class network, as O2 makes them from this tree.

    Arguments:
        path: The file.
        truth: Whether true species are needed.

    Returns:
        Tracks with the columns of FEATURES46 and the charge `sign`. Where a detector is missing
        its counts and flags are 0 and its other features NaN. The tree does not number its
        collisions; tracks that follow one another with the same vertex count as one.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not ROOT or lacks the tree, a branch, tracks or wanted truth.
    """
    with opened(path) as file:
        if TREE not in file:
            found = ", ".join(file.keys(cycle=False)) or "nothing"
            raise ValueError(f"{path} has no tree {TREE!r}; found {found}")
        tree = file[TREE]
        known = all(name in tree for name in TRUTH)
        if truth and not known:
            raise ValueError(f"{path} is real data without true species; read it without truth")
        wanted = (*STORED, SIGN, "itsClusterSizes", "vz", *(TRUTH if known else ()))
        raw = branches(tree, wanted, path)
        origin = {"file": path.name, "table": TREE, "provenance": provenance(file)}
    if not len(raw["p"]):
        raise ValueError(f"{path} holds no tracks; its tree is empty")
    values = as_o2_sees_them(raw) | {SIGN: raw[SIGN].astype(np.float32)}
    columns = (*(feature.name for feature in FEATURES46), SIGN)
    return Tracks(
        columns=columns,
        values=np.stack([values[name] for name in columns], axis=1),
        event=np.concatenate([[0], np.cumsum(np.diff(raw["vz"].astype(np.float64)) != 0)]).astype(
            np.int64
        ),
        pdg=raw["mcPdg"].astype(np.int32) if known else None,
        primary=raw["mcIsPhysicalPrimary"].astype(np.bool_) if known else None,
        provenance=origin,
    )


def holds_tree(path: Path) -> bool:
    """Whether a file has the tree of the feature extractor.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not ROOT.
    """
    with opened(path) as file:
        return TREE in file


def as_o2_sees_them(raw: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.float32]]:
    """The 46 inputs by name, shape (N,) each, from the branches of the tree."""
    values = {name: raw[name].astype(np.float32) for name in STORED}
    values[DERIVED] = layers_hit(raw["itsClusterSizes"]).astype(np.float32)
    everywhere = np.ones(len(values["p"]), np.bool_)
    seen = {group: raw[flag].astype(np.bool_) for group, flag in FLAGS.items()}
    for feature in FEATURES46:
        if feature.group == "mask":
            group = feature.name.removeprefix("mask")
            values[feature.name] = seen.get(group, everywhere).astype(np.float32)
        elif feature.group in seen:
            absent = np.float32(0.0 if feature.count else np.nan)
            values[feature.name] = np.where(seen[feature.group], values[feature.name], absent)
    return values


def layers_hit(sizes: NDArray[np.generic]) -> NDArray[np.int64]:
    """Number of ITS layers with a cluster, shape (N,), from sizes packed in four bits a layer."""
    packed = sizes.astype(np.int64)
    shifts = BITS_PER_LAYER * np.arange(ITS_LAYERS)
    hit: NDArray[np.int64] = (((packed[:, None] >> shifts) & 0xF) > 0).sum(axis=1)
    return hit
