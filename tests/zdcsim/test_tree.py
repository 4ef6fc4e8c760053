"""ROOT files: what is written is read, by ROOT too, and bad files are named for what they are."""

import re
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from toys import toy_responses

from zdcsim.conditions import NAMES
from zdcsim.geometry import ZP
from zdcsim.io import tree
from zdcsim.response import Responses


@pytest.mark.parametrize("seed", [1, 2])
def test_round_trip(tmp_path: Path, seed: int) -> None:
    responses = toy_responses(particles=7, copies=3, seed=seed)
    path = tmp_path / "toy.root"
    missed = np.array([22, 211], np.int32), np.arange(18, dtype=np.float32).reshape(2, 9)
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
        "entry 1: condition px is nan",
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
