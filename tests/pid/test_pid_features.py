"""The four-class inputs: from O2's flat tree and from the producer's table alike."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray
from toy_tracks import toy_tracks

from pid.columns import EXTENDED, PRODUCER
from pid.features46 import BY_NAME, FEATURES46
from pid.io import pid_features
from pid.sample.four_class import four_class, tof_mass
from pid.species import KAON
from pid.tracks import Tracks

ALL = tuple(column.name for column in (*PRODUCER, *EXTENDED))
FIVE = 5


def flat(truth: bool = True) -> dict[str, NDArray[np.generic]]:
    """Branches of five tracks of two collisions; from the second on, one detector more is lost."""
    raw: dict[str, NDArray[np.generic]] = {
        name: np.arange(1, FIVE + 1, dtype=np.float32) + place
        for place, name in enumerate(pid_features.STORED)
    }
    raw["sign"] = np.array([1, -1, 1, -1, 1], np.int32)
    for row, group in enumerate(("TPC", "TOF", "TRD", "HMPID"), start=1):
        raw[f"has{group}"] = np.arange(FIVE) < row
    raw["hasEMCal"] = np.zeros(FIVE, np.bool_)
    raw["itsClusterSizes"] = np.array([0, 0x1, 0x1234567, 0xF000000, 0x20FF], np.int32)
    raw["vz"] = np.array([1, 1, 1, -3, -3], np.float32)
    if truth:
        raw["mcPdg"] = np.array([211, -211, 321, 13, -11], np.int32)
        raw["mcIsPhysicalPrimary"] = np.array([1, 1, 0, 1, 0], np.uint8)
    return raw


def written(path: Path, raw: Mapping[str, NDArray[np.generic]]) -> Path:
    """A file with that tree."""
    with uproot.recreate(path) as file:
        types = {name: column.dtype for name, column in raw.items()}
        file.mktree(pid_features.TREE, types).extend(dict(raw))
    return path


def test_missing_detectors_are_as_o2_has_them(tmp_path: Path) -> None:
    tracks = pid_features.read(written(tmp_path / "flat.root", flat()))
    assert tracks.columns == (*(feature.name for feature in FEATURES46), "sign")
    assert tracks.column("sign").tolist() == [1, -1, 1, -1, 1]
    for row in range(FIVE):
        for feature in FEATURES46:
            value = tracks.column(feature.name)[row]
            lost = {"TPC": row >= 1, "TOF": row >= 2, "TRD": row >= 3, "HMPID": row >= 4}
            absent = feature.group == "EMCal" or lost.get(feature.group, False)
            assert np.isnan(value) == (absent and not feature.count), (row, feature.name)
            assert not (absent and feature.count) or value == 0, (row, feature.name)
    assert tracks.column("itsNClusters").tolist() == [0, 1, 7, 1, 3]
    assert tracks.column("maskTOF").tolist() == [1, 1, 0, 0, 0]
    assert tracks.column("maskITS").tolist() == tracks.column("maskCentrality").tolist() == [1] * 5
    assert tracks.pattern().tolist() == [7, 6, 2, 0, 0]


def test_collisions_are_told_by_their_vertex_and_truth_is_read(tmp_path: Path) -> None:
    tracks = pid_features.read(written(tmp_path / "flat.root", flat()))
    assert tracks.event.tolist() == [0, 0, 0, 1, 1]
    assert tracks.truth().tolist() == [211, -211, 321, 13, -11]
    real = written(tmp_path / "real.root", flat(truth=False))
    assert pid_features.read(real, truth=False).pdg is None
    with pytest.raises(ValueError, match="real data without true species"):
        pid_features.read(real)


def test_bad_trees_are_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.root"
    raw = flat()
    del raw["tofMass"]
    with pytest.raises(ValueError, match="tree pid_features lacks the branch tofMass"):
        pid_features.read(written(path, raw))
    empty = {name: column[:0] for name, column in flat().items()}
    with pytest.raises(ValueError, match="holds no tracks; its tree is empty"):
        pid_features.read(written(path, empty))
    with uproot.recreate(path) as file:
        file.mktree("tracks", {"p": np.dtype("f4")})
    with pytest.raises(ValueError, match="no tree 'pid_features'; found tracks"):
        pid_features.read(path)


def extended(count: int = 40) -> Tracks:
    """Toy tracks with all columns and velocities below that of light."""
    tracks = toy_tracks(count, columns=ALL)
    values = tracks.values.copy()
    values[:, ALL.index("fBeta")] /= 120
    values[:, ALL.index("fITSClusterMap")] = 0b1010111
    return replace(tracks, values=values)


def test_the_producer_s_table_gives_the_same_inputs() -> None:
    tracks = extended()
    found = four_class(tracks)
    assert np.array_equal(found.pattern(), tracks.pattern())
    assert np.array_equal(found.column("sign"), tracks.column("fSign"))
    assert np.array_equal(found.column("tpcNSigmaKa"), tracks.column("fTPCNSigmaKa"))
    px, py = tracks.column("fPx"), tracks.column("fPy")
    assert np.allclose(np.cos(found.column("phi")), px / np.hypot(px, py), atol=1e-6)
    assert (found.column("phi") >= 0).all()
    assert np.allclose(
        np.sinh(found.column("eta")) * found.column("pt"), tracks.column("fPz"), rtol=1e-4
    )
    assert (found.column("itsNClusters") == 5).all()
    for name, feature in BY_NAME.items():
        nothing = np.isnan(found.column(name))
        assert not feature.count or not nothing.any(), name
        if feature.group in ("EMCal", "HMPID"):
            assert nothing.all() or (found.column(name) == 0).all(), name
    without_tof = (tracks.pattern() & 4) == 0
    assert np.array_equal(np.isnan(found.column("tofMass")), without_tof)


def test_the_tof_mass_is_the_particle_s() -> None:
    momentum = np.array([0.7, 2.0])
    velocity = momentum / np.hypot(momentum, KAON.mass)
    assert np.allclose(tof_mass(momentum, velocity), KAON.mass)
    assert tof_mass(np.array([1.0]), np.array([1.25]))[0] == pytest.approx(0.6)
