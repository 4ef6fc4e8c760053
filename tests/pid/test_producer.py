"""The producer's tables: what is written is read, also by ROOT; bad files are named."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray
from toy_tracks import toy_tracks

from pid.columns import EXTENDED, MODEL, PRODUCER
from pid.io import producer
from pid.tracks import Tracks

ML = tuple(column.name for column in PRODUCER)
ALL = (*ML, *(column.name for column in EXTENDED))


def whole(count: int = 40, seed: int = 1, columns: tuple[str, ...] = ML) -> Tracks:
    """Toy tracks whose integer columns hold integers."""
    tracks = toy_tracks(count, seed, columns)
    values = tracks.values.copy()
    for column in (*PRODUCER, *EXTENDED):
        if column.name in columns and column.dtype != "float32":
            place = columns.index(column.name)
            values[:, place] = np.abs(values[:, place]).round() + 1
    return replace(tracks, values=values)


def written(path: Path, table: producer.Table = "mcml", columns: tuple[str, ...] = ML) -> Tracks:
    """Two data frames of 40 and 24 tracks in a file, and the tracks."""
    frames = [("DF_7", whole(40, 1, columns)), ("DF_12", whole(24, 2, columns))]
    assert producer.write(path, frames, table, json.dumps({"data_kind": "toy"})) == 64
    return frames[0][1]


@pytest.mark.parametrize(("table", "columns"), [("mcml", ML), ("mc", ALL)])
def test_round_trip(tmp_path: Path, table: producer.Table, columns: tuple[str, ...]) -> None:
    path = tmp_path / "toy.root"
    first = written(path, table, columns)
    found = producer.read(path, columns)
    assert len(found) == 64
    assert np.array_equal(found.values[:40], first.values, equal_nan=True)
    assert np.array_equal(found.truth()[:40], first.truth())
    assert found.primary is not None and first.primary is not None
    assert np.array_equal(found.primary[:40], first.primary)
    assert np.array_equal(found.pattern()[:40], first.pattern())
    assert json.loads(found.provenance["provenance"]) == {"data_kind": "toy"}
    assert producer.read(path).columns == MODEL


def test_what_is_missing_is_written_as_new_productions_do(tmp_path: Path) -> None:
    path = tmp_path / "toy.root"
    first = written(path)
    with uproot.open(path) as file:
        raw = file["DF_7/O2pidtracksmcml"].arrays(library="np")
    without = np.isnan(first.column("fTRDPattern"))
    assert without.any() and (raw["fTRDPattern"][without] == 0).all()
    assert np.array_equal(np.isnan(raw["fBeta"]), np.isnan(first.column("fBeta")))
    assert raw["fTRDPattern"].dtype == np.uint8 and raw["fPdgCode"].dtype == np.int32


def test_an_event_is_one_collision_of_one_frame(tmp_path: Path) -> None:
    path = tmp_path / "toy.root"
    written(path)
    event = producer.read(path).event
    assert len(np.unique(event)) == 10 + 6
    assert (np.unique(event, return_counts=True)[1] == 4).all()
    again = tmp_path / "other.root"
    producer.write(again, [("DF_12", whole(24, 2)), ("DF_7", whole(40, 1))], "mcml", "{}")
    assert np.array_equal(producer.read(again).event[24:], event[:40])


def test_streaming_gives_the_same_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "toy.root"
    written(path)
    at_once = producer.read(path)
    monkeypatch.setattr(producer, "ROWS_AT_ONCE", 15)
    parts = list(producer.stream(path))
    assert [len(part) for part in parts] == [15, 15, 10, 15, 9]
    assert np.array_equal(
        np.concatenate([part.values for part in parts]), at_once.values, equal_nan=True
    )
    assert np.array_equal(np.concatenate([part.event for part in parts]), at_once.event)


def test_a_detector_is_missing_also_when_its_sentinel_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "old.root"
    old: dict[str, NDArray[np.generic]] = {
        "fTPCSignal": np.array([50, 60, 70], np.float32),
        "fTRDSignal": np.array([0, 30, 30], np.float32),
        "fTRDPattern": np.array([5, 5, 0], np.uint8),
        "fTOFSignal": np.array([14000, 14000, -999], np.float32),
        "fBeta": np.array([-999, 0.9, 0.9], np.float32),
        "fPdgCode": np.array([211, 13, 1000010020], np.int32),
        "fIsPhysicalPrimary": np.array([1, 0, 1], np.uint8),
    }
    with uproot.recreate(path) as file:
        file.mktree("DF_1/O2pidtracksmcml", {k: v.dtype for k, v in old.items()}).extend(old)
    found = producer.read(path, ("fTPCSignal", "fTRDPattern", "fTOFSignal"))
    assert found.pattern().tolist() == [1, 7, 1]
    assert found.truth().tolist() == [211, 13, 1000010020]
    assert len(np.unique(found.event)) == 3
    assert "no fIndexCollisions" in found.provenance["event"]


def test_real_data_has_no_truth_unless_it_is_kept_apart(tmp_path: Path) -> None:
    path, apart = tmp_path / "real.root", tmp_path / "truth.root"
    frames = [("DF_1", whole(40, 1)), ("DF_2", whole(24, 2))]
    producer.write(path, frames, "dataml", "{}")
    producer.write_truth(apart, frames, "{}")
    with pytest.raises(ValueError, match="O2pidtracksdataml, real data without true species"):
        producer.read(path)
    real = producer.read(path, truth=False)
    assert real.pdg is None
    judged = producer.read_truth(apart, real)
    assert np.array_equal(judged.truth()[:40], frames[0][1].truth())
    assert np.array_equal(judged.values, real.values, equal_nan=True)
    with pytest.raises(ValueError, match="truth of other tracks"):
        producer.read_truth(apart, real.select(np.arange(10)))
    with pytest.raises(ValueError, match="no table O2pidtrackstruth"):
        producer.read_truth(path, real)


def test_root_reads_the_same_numbers(tmp_path: Path) -> None:
    root = pytest.importorskip("ROOT", reason="ROOT is not installed")
    path = tmp_path / "toy.root"
    first = written(path)
    file = root.TFile.Open(str(path))
    tree = file.Get("DF_7/O2pidtracksmcml")
    assert tree.GetEntries() == 40
    for row, entry in enumerate(tree):
        assert entry.fDcaXY == first.column("fDcaXY")[row]
        assert entry.fPdgCode == first.truth()[row]
        assert np.isnan(entry.fBeta) == np.isnan(first.column("fBeta")[row])
        assert entry.fIndexCollisions == row // 4
    file.Close()


def test_a_file_that_fails_is_absent(tmp_path: Path) -> None:
    path = tmp_path / "toy.root"
    with pytest.raises(ValueError, match="no column fTRDSignal"):
        producer.write(path, [("DF_1", toy_tracks(8))], "mcml", "{}")
    with pytest.raises(ValueError, match="no tracks to write"):
        producer.write(path, [("DF_1", whole(8).select(np.arange(0)))], "mcml", "{}")
    assert list(tmp_path.iterdir()) == []


def test_bad_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.root"
    with pytest.raises(FileNotFoundError, match=r"no file .*bad\.root; make one with `pid"):
        producer.read(path)
    path.write_bytes(b"root\0\0 this is no ROOT file")
    with pytest.raises(ValueError, match="not a complete ROOT file"):
        producer.read(path)
    written(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match="not a complete ROOT file"):
        producer.read(path)


def test_tables_and_branches_that_do_not_fit_are_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.root"
    with uproot.recreate(path) as file:
        file.mktree("tracks", {"fP": np.dtype("f4")}).extend({"fP": np.ones(3, np.float32)})
    with pytest.raises(ValueError, match=r"no data frame DF_\*; found tracks"):
        producer.read(path)
    with uproot.recreate(path) as file:
        file.mktree("DF_1/O2track", {"fP": np.dtype("f4")}).extend({"fP": np.ones(3, np.float32)})
    with pytest.raises(ValueError, match=r"DF_1 has none of O2pidtracksmcml, .*; found O2track"):
        producer.read(path)
    written(path)
    with pytest.raises(ValueError, match="O2pidtracksmcml lacks the branch fTPCNSigmaPi; it has"):
        producer.read(path, ("fP", "fTPCNSigmaPi"))


Branches = dict[str, NDArray[np.generic]]


def put_together(path: Path, trees: dict[str, Branches]) -> None:
    """A file with these trees, by their names with the data frame."""
    with uproot.recreate(path) as file:
        for name, columns in trees.items():
            types = {key: column.dtype for key, column in columns.items()}
            file.mktree(name, types).extend(columns)


def test_no_data_frame_is_left_out_unsaid(tmp_path: Path) -> None:
    path = tmp_path / "mixed.root"
    extended, short = (producer.branches_of(whole(10, 1, ALL), table) for table in ("mc", "mcml"))
    put_together(path, {"DF_1/O2pidtracksmc": extended, "DF_2/O2pidtracksmcml": short})
    with pytest.raises(
        ValueError, match=r"DF_1 has O2pidtracksmc, but other frames O2pidtracksmcml"
    ):
        producer.read(path)


def test_the_table_with_the_wanted_columns_is_read(tmp_path: Path) -> None:
    path = tmp_path / "both.root"
    short = producer.branches_of(whole(6), "mcml")
    extended = producer.branches_of(whole(10, 3, ALL), "mc")
    put_together(path, {"DF_1/O2pidtracksmcml": short, "DF_1/O2pidtracksmc": extended})
    assert len(producer.read(path, ML)) == 6
    assert len(producer.read(path, ALL)) == 10


def test_an_infinite_value_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.root"
    columns = producer.branches_of(whole(10), "mcml")
    columns["fP"] = np.where(np.arange(10) == 7, np.inf, columns["fP"]).astype(np.float32)
    put_together(path, {"DF_5/O2pidtracksmcml": columns})
    with pytest.raises(ValueError, match=r"bad\.root, DF_5, row 7: fP is infinite"):
        producer.read(path)


def test_wrong_types_and_empty_tables_are_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.root"
    types: dict[str, object] = {"fP": "var * float32", "fPdgCode": "int32"}
    types["fIsPhysicalPrimary"] = "uint8"
    with uproot.recreate(path) as file:
        tree = file.mktree("DF_1/O2pidtracksmcml", types)
        one = np.ones(2, np.int32)
        tree.extend({"fP": [[1.0], [1.0, 2.0]], "fPdgCode": one, "fIsPhysicalPrimary": one})
    with pytest.raises(ValueError, match=r"branch fP has type .*; expected one number a track"):
        producer.read(path, ("fP",))
    with uproot.recreate(path) as file:
        file.mktree("DF_1/O2pidtracksmcml", {"fP": np.dtype("f4")})
    with pytest.raises(ValueError, match="holds no tracks; its tables are empty"):
        producer.read(path, ("fP",))
