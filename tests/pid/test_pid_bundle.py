"""Reading bundles: nothing missing, nothing changed, and what they give."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pid_bundles import TARGETS_TOY, signed_tracks, toy_pid_bundle

from detcore.bundle import MANIFEST
from pid.io.bundle import SCALING, read_bundle, read_scaling, write_scaling
from pid.scaler import Scaler
from pid.scoring import score, select


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_pid_bundle(tmp_path_factory.mktemp("pid") / "bundle", "mlp")


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    for path in bundle.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_a_bundle_says_what_it_is(bundle: Path) -> None:
    found = read_bundle(bundle)
    assert (found.name, found.seed, found.contract) == ("mlp", 0, "pidml")
    assert found.targets == TARGETS_TOY
    assert found.limits.tof == 0.5
    assert set(found.working_points.bins) == set(found.working_points.certainty) == set(TARGETS_TOY)


def test_scores_do_not_depend_on_the_batch(bundle: Path) -> None:
    tracks = signed_tracks(57, 3)
    one, many = score(bundle, tracks, 1), score(bundle, tracks, 1000)
    assert many.shape == (57, 3)
    assert one == pytest.approx(many, abs=1e-6)
    assert score(bundle, tracks.select(np.zeros(57, np.bool_))).shape == (0, 3)


def test_a_track_of_nothing_gets_a_score(bundle: Path) -> None:
    """All missing, as a reader may give it: a finite score, not an exception."""
    tracks = signed_tracks(3)
    tracks.values[:] = np.nan
    assert np.isfinite(score(bundle, tracks)).all()


def test_selection_is_that_of_the_working_point(bundle: Path) -> None:
    tracks, opened = signed_tracks(200, 3), read_bundle(bundle)
    point = opened.working_points.bins[-321]
    pt = np.hypot(tracks.column("fPx"), tracks.column("fPy"))
    expected = score(opened, tracks)[:, 1] >= point.at(pt)
    assert 0 < expected.sum() < 200
    assert np.array_equal(select(bundle, tracks, -321), expected)
    with pytest.raises(ValueError, match="no score for PDG code 13"):
        select(bundle, tracks, 13)


def test_a_missing_column_is_said(bundle: Path) -> None:
    tracks = signed_tracks(10)
    columns = tuple(name if name != "fBeta" else "fTRDSignal" for name in tracks.columns)
    renamed = type(tracks)(columns, tracks.values, tracks.event)
    with pytest.raises(ValueError, match="no column fBeta"):
        score(bundle, renamed)


def change(name: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        (folder / name).write_text((folder / name).read_text() + " ")

    return edit


def drop(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def without(key: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_text())
        del manifest[key]
        (folder / MANIFEST).write_text(json.dumps(manifest))

    return edit


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (change(SCALING), "not the file that the manifest names"),
        (drop("attention_model_0321.onnx"), r"attention_model_0321\.onnx is missing"),
        (drop(MANIFEST), "is not a bundle"),
        (without("limits"), "it needs limits"),
        (without("format"), "must describe a 'pid bundle for O2Physics'"),
    ],
)
def test_a_damaged_bundle_is_refused(damage: Callable[[Path], None], said: str, copy: Path) -> None:
    damage(copy)
    with pytest.raises(ValueError, match=said):
        read_bundle(copy)


def test_scaling_survives_the_file(tmp_path: Path) -> None:
    columns = ("fTPCSignal", "fP", "fBeta")
    scaler = Scaler(columns, np.array([59.49, 0, 0.96]), np.array([34.01, 1, 0.404]))
    write_scaling(tmp_path, scaler)
    data = json.loads((tmp_path / SCALING).read_text())["data"]
    assert [label for label, _, _ in data] == ["fTPCSignal", "fBeta"]
    found = read_scaling(tmp_path / SCALING, columns)
    values = np.array([[50.1, 2.3, 0.7]], np.float32)
    assert found.apply(values).tolist() == scaler.apply(values).tolist()
    (tmp_path / SCALING).write_text('{"data": [["fBeta", 1]]}')
    with pytest.raises(ValueError, match=r"data as \[label, mean, std\]"):
        read_scaling(tmp_path / SCALING, columns)
