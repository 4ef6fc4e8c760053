"""ROOT files: what is written is read, by ROOT too, and bad files are named for what they are."""

import errno
import re
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from toys import toy_missed, toy_responses

from zdcsim.conditions import NAMES
from zdcsim.geometry import ZP
from zdcsim.io import tree
from zdcsim.io.stream import write_with_missed
from zdcsim.response import Responses


@pytest.mark.parametrize("seed", [1, 2])
def test_round_trip(tmp_path: Path, seed: int) -> None:
    responses = toy_responses(particles=7, copies=3, seed=seed)
    path = tmp_path / "toy.root"
    missed = toy_missed(22, 211)
    tree.write(path, responses, missed)
    found = tree.read(path)
    assert np.array_equal(found.dense(), responses.dense())
    for name in ("particle", "pdg", "conditions", "offsets", "pixels", "counts", "cpu_seconds"):
        assert np.array_equal(getattr(found, name), getattr(responses, name)), name
        assert getattr(found, name).dtype == getattr(responses, name).dtype, name
    assert found.provenance["data_kind"] == "toy"
    pdg, conditions = tree.read_missed(path)
    assert pdg.tolist() == [22, 211]
    assert np.array_equal(conditions, missed[1])


def test_zero_responses_and_zp_survive(tmp_path: Path) -> None:
    responses = toy_responses(particles=3, copies=2, calorimeter=ZP)
    dark = responses.select(np.array([0, 0, 3]))
    empty = Responses(
        **{
            **dark.__dict__,
            "offsets": np.zeros(4, np.int64),
            "pixels": np.empty(0, np.uint16),
            "counts": np.empty(0, np.int32),
        }
    )
    path = tmp_path / "dark.root"
    tree.write(path, empty)
    found = tree.read(path)
    assert found.dense().shape == (3, 56, 30)
    assert found.photon_sum().tolist() == [0, 0, 0]
    assert tree.read_missed(path)[1].shape == (0, 9)


def test_event_numbers_survive_the_file(tmp_path: Path) -> None:
    responses = toy_responses(particles=3, copies=2)
    event = np.array([0, 0, 2, 2, 2**40, 2**40])
    path = tmp_path / "events.root"
    tree.write(path, responses, event=event)
    assert tree.read_event(path).tolist() == event.tolist()
    assert np.array_equal(tree.read(path).dense(), responses.dense())
    tree.write(path, responses)
    with pytest.raises(ValueError, match="does not say which event"):
        tree.read_event(path)


def test_a_large_sample_is_written_and_streamed_in_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    responses, event = toy_responses(5, 3), np.arange(15) // 2
    whole, steps = tmp_path / "whole.root", tmp_path / "steps.root"
    tree.write(whole, responses, toy_missed(2112, 22), event)
    monkeypatch.setattr(tree, "STEP", 4)
    tree.write(steps, responses, toy_missed(2112, 22), event)
    with uproot.open(whole) as one, uproot.open(steps) as other:
        for name in (tree.TREE, tree.MISSED):
            assert one[name].arrays().to_list() == other[name].arrays().to_list()
        assert one[tree.TREE].num_entries == 15
        assert one[tree.TREE].branches[0].num_baskets == 1
        assert other[tree.TREE].branches[0].num_baskets == 4
        assert one[tree.PROVENANCE] == other[tree.PROVENANCE]


def test_root_reads_the_same_numbers(tmp_path: Path) -> None:
    root = pytest.importorskip("ROOT", reason="ROOT is not installed")
    responses = toy_responses(particles=4, copies=2)
    path = tmp_path / "toy.root"
    tree.write(path, responses)
    file = root.TFile.Open(str(path))
    entries = file.Get(tree.TREE)
    assert entries.GetEntries() == len(responses)
    sums = responses.photon_sum()
    for i, entry in enumerate(entries):
        assert entry.particle == responses.particle[i]
        assert entry.energy == pytest.approx(float(responses.conditions[i, 0]))
        assert sum(entry.fibres_count) == entry.photon_sum == sums[i]
    assert "toy" in str(file.Get(tree.PROVENANCE))
    file.Close()


def test_an_existing_file_survives_a_failed_write(tmp_path: Path) -> None:
    path = tmp_path / "toy.root"
    tree.write(path, toy_responses(particles=2, copies=2))
    before = path.read_bytes()
    broken = toy_responses(particles=2, copies=2, seed=9)
    with pytest.raises(TypeError):
        tree.write(path, Responses(**{**broken.__dict__, "provenance": {"bad": object()}}))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def altered(path: Path, **changes: object) -> None:
    """Write a toy file whose columns differ from what `tree.write` would make."""
    responses = toy_responses(particles=3, copies=1)
    columns = tree.columns(responses) | changes
    columns = {name: column for name, column in columns.items() if column is not None}
    with uproot.recreate(path) as file:
        types = {name: ak.type(column).content for name, column in columns.items()}
        file.mktree(tree.TREE, types).extend(columns)
        file[tree.PROVENANCE] = '{"calorimeter": "ZN", "shape": [44, 44]}'


def image(pixel: list[list[int]], count: list[list[int]]) -> ak.Array:
    return ak.zip({"pixel": ak.values_astype(pixel, "int32"), "count": ak.Array(count)})


BAD_COLUMNS = {
    "missing branch": ({"pdg": None}, "lacks the branch pdg"),
    "fibre outside": (
        {tree.IMAGE: image([[1], [1936], [5]], [[1], [2], [3]])},
        "entry 1: fibre 1936 is outside the ZN's 1936 fibres",
    ),
    "negative count": (
        {tree.IMAGE: image([[1], [1], [5]], [[1], [2], [-3]])},
        "entry 2: a count of -3 photo-electrons",
    ),
    "condition not finite": (
        {NAMES[4]: np.array([0.0, np.nan, 0.0], np.float32)},
        "particle 1: condition px is nan",
    ),
    "unknown code": (
        {"pdg": np.array([2112, 9900999, 22], np.int32)},
        "the PDG tables have no particle 9900999",
    ),
    "sum differs": ({"photon_sum": np.array([1, 1, 1])}, "photon_sum is 1 but its fibres hold"),
}


@pytest.mark.parametrize("case", BAD_COLUMNS)
def test_bad_columns_are_named(tmp_path: Path, case: str) -> None:
    changes, message = BAD_COLUMNS[case]
    altered(tmp_path / "bad.root", **changes)
    with pytest.raises(ValueError, match=re.escape(message)):
        tree.read(tmp_path / "bad.root")


def test_blocks_are_the_file_and_then_its_missed_primaries(tmp_path: Path) -> None:
    responses, event = toy_responses(particles=9, copies=2), np.arange(18) // 3
    missed = toy_missed(*[22] * 16)
    tree.write(tmp_path / "toy.root", responses, missed, event)
    found = list(tree.blocks(tmp_path / "toy.root", rows=7))
    assert [len(block.responses) for block in found] == [7, 7, 4, 0, 0, 0]
    assert [len(block.missed_pdg) for block in found] == [0, 0, 0, 7, 7, 2]
    images = np.concatenate([block.responses.dense() for block in found])
    assert np.array_equal(images, responses.dense())
    events = [block.event for block in found if block.event is not None]
    assert np.concatenate(events).tolist() == event.tolist()
    again = tmp_path / "again.root"
    assert write_with_missed(again, found) == 18
    assert np.array_equal(tree.read(again).dense(), responses.dense())
    assert np.array_equal(tree.read_event(again), event)
    for read in (tmp_path / "toy.root", again):
        codes, conditions = tree.read_missed(read)
        assert np.array_equal(codes, missed[0]) and np.array_equal(conditions, missed[1])


def test_missed_primaries_are_read_one_step_after_the_other(tmp_path: Path) -> None:
    missed = toy_missed(*[22] * 18)
    missed[1][15, 1] = np.nan
    tree.write(tmp_path / "late.root", toy_responses(particles=2, copies=1), missed)
    reading = tree.blocks(tmp_path / "late.root", rows=7)
    assert [len(next(reading).missed_pdg) for _ in range(3)] == [0, 7, 7]
    with pytest.raises(ValueError, match="tree 'missed', particle 15: condition vx is nan"):
        next(reading)


def test_blocks_are_read_one_after_the_other(tmp_path: Path) -> None:
    columns = tree.columns(toy_responses(particles=18, copies=1))
    spoiled = ak.to_list(columns[tree.IMAGE]["pixel"])
    spoiled[15][2] = 1936
    changed = ak.values_astype(ak.Array(spoiled), "int32")
    columns[tree.IMAGE] = ak.zip({"pixel": changed, "count": columns[tree.IMAGE]["count"]})
    with uproot.recreate(tmp_path / "late.root") as file:
        tree.write_into(file, toy_responses(particles=18, copies=1).select(np.arange(0)))
        file[tree.TREE].extend(columns)
    reading = tree.blocks(tmp_path / "late.root", rows=7)
    assert [len(next(reading).responses), len(next(reading).responses)] == [7, 7]
    with pytest.raises(ValueError, match="entry 15: fibre 1936 is outside"):
        next(reading)


BAD_MISSED: dict[str, tuple[dict[str, list[float] | None], str, str]] = {
    "missing branch": ({"px": None}, "tree 'missed' of", "lacks the branch px; found pdg, energy"),
    "condition not finite": ({"vx": [0.0, np.nan]}, "tree 'missed', particle 1:", "vx is nan"),
    "unknown code": ({"pdg": [22, 9900999]}, "tree 'missed':", "have no particle 9900999"),
}


@pytest.mark.parametrize("case", BAD_MISSED)
def test_bad_missed_primaries_are_named(tmp_path: Path, case: str) -> None:
    changes, place, fault = BAD_MISSED[case]
    columns: dict[str, list[float] | None] = {"pdg": [22, 211]}
    columns |= {name: [1.0, 2.0] for name in NAMES} | changes
    path = tmp_path / "bad.root"
    with uproot.recreate(path) as file:
        tree.write_into(file, toy_responses(particles=2, copies=1))
        kept = {name: np.array(column) for name, column in columns.items() if column is not None}
        file.mktree(tree.MISSED, {name: column.dtype for name, column in kept.items()}).extend(kept)
    for read in (tree.read_missed, lambda path: list(tree.blocks(path))):
        with pytest.raises(ValueError, match=f"{re.escape(place)}.*{fault}"):
            read(path)


def test_an_unaltered_file_passes(tmp_path: Path) -> None:
    altered(tmp_path / "good.root")
    assert len(tree.read(tmp_path / "good.root")) == 3


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="zdcsim simulate"):
        tree.read(tmp_path / "absent.root")

    good = tmp_path / "good.root"
    tree.write(good, toy_responses(particles=30, copies=5))
    truncated = tmp_path / "truncated.root"
    truncated.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    with pytest.raises(ValueError, match="truncated"):
        tree.read(truncated)

    text = tmp_path / "text.root"
    text.write_text("not ROOT")
    with pytest.raises(ValueError, match="not a complete ROOT file"):
        tree.read(text)

    other = tmp_path / "other.root"
    with uproot.recreate(other) as file:
        file["something"] = "else"
    with pytest.raises(ValueError, match="has no object 'provenance'; found something"):
        tree.read(other)

    with uproot.recreate(other) as file:
        file[tree.PROVENANCE] = "{}"
    with pytest.raises(ValueError, match="has no tree 'responses'"):
        tree.read(other)


def test_wrong_shape_is_named(tmp_path: Path) -> None:
    path = tmp_path / "shape.root"
    altered(path)
    with uproot.update(path) as file:
        del file[tree.PROVENANCE]
        file[tree.PROVENANCE] = '{"calorimeter": "ZN", "shape": [40, 44]}'
    with pytest.raises(ValueError, match=re.escape("[40, 44] fibres; the ZN has (44, 44)")):
        tree.read(path)


def test_a_file_that_may_not_be_read_is_not_called_truncated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.write(tmp_path / "toy.root", toy_responses(particles=1, copies=1))

    def denied(*arguments: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "toy.root")

    monkeypatch.setattr(uproot, "open", denied)
    with pytest.raises(ValueError, match=r"toy.root cannot be read: Permission denied$"):
        tree.read(tmp_path / "toy.root")
