"""MlResponse's cuts, and its graphs on the raw columns of O2's tables."""

from bisect import bisect_right
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from pid_bundles import signed_tracks, toy_fitted

from pid.columns import COLUMNS, MODEL, N_SIGMA, blanked
from pid.cuts import DetectorLimits
from pid.export import network
from pid.export.mlresponse import cuts
from pid.export.network import Prepared
from pid.export.o2physics import write_bundle
from pid.export.verification import stored
from pid.io import producer
from pid.io.bundle import model_file, read_bundle, read_scaling
from pid.scaler import Scaler
from pid.tracks import Tracks
from pid.working_point import WorkingPoint

DATA = Path(__file__).resolve().parents[2] / "data"
OURS = DATA / "pid-feature-set"
WIDE = ("fP", "fTPCSignal", "fTRDSignal", "fTRDPattern", "fTOFSignal", "fBeta", "fTPCNClsShared",
        *(column.name for column in N_SIGMA), "fLength", "fTRDChi2")  # fmt: skip

EDGES, THRESHOLDS = (0.1, 0.5, 1.0, 20.0), (0.31, 0.5, 2.0)


def point(momentum: Any = "pt") -> WorkingPoint:  # noqa: ANN401
    return WorkingPoint("f1", None, EDGES, THRESHOLDS, (9,) * 3, (False,) * 3, momentum)


def selected(settings: dict[str, Any], pt: float, scores: list[float]) -> bool:
    """findBin (fatal outside), then each score against its cut in its direction."""
    edges = [float(edge) for edge in settings["binsPtMl"]["values"]]
    assert edges[0] <= pt < edges[-1], "fatal in O2"
    row = bisect_right(edges, pt) - 1
    assert len(settings["onnxFileNames"]["values"]) == len(edges) - 1
    assert len(scores) == int(settings["nClassesMl"])
    for column, value in enumerate(scores):
        cut = float(settings["cutsMl"]["values"][row][column])
        direction = int(settings["cutDirMl"]["values"][column])
        if (direction == 0 and value > cut) or (direction == 1 and value < cut):
            return False
    return True


@pytest.mark.parametrize("pt", [0.0, 0.05, 0.1, 0.499, 0.5, 0.999, 1.0, 50.0])
def test_the_cuts_are_the_working_point(pt: float) -> None:
    binary: Any = cuts(point(), "pid_321.onnx", ["321"], 0)
    classes: Any = cuts(point(), "pid_feature_model.onnx", ["pi", "K", "p", "e"], 1)
    for value in (0.1, 0.31, 0.4, 0.5, 0.7, 1.0):
        wanted = bool(point().select(np.array([value]), np.array([pt]))[0])
        assert selected(binary, pt, [value]) == wanted
        assert selected(classes, pt, [1.0, value, 0.0, 1.0]) == wanted


def test_labels_and_files() -> None:
    found: Any = cuts(point(), "pid_321.onnx", ["321"], 0, "models")
    assert found["cutsMl"]["labels_cols"] == ["321"]
    assert found["cutsMl"]["labels_rows"] == ["pT bin 0", "pT bin 1", "pT bin 2"]
    assert found["onnxFileNames"]["values"] == ["models/pid_321.onnx"] * 3


def test_bins_of_p_are_refused() -> None:
    with pytest.raises(ValueError, match="bins of pT"):
        cuts(point("p"), "m.onnx", ["321"], 0)


def test_raw_sentinels_are_what_the_reader_makes_nan_of() -> None:
    """Every sentinel of every column alone, against `blanked`, which training reads through."""
    marks = [(name, value) for name in WIDE for value in COLUMNS[name].missing]
    assert len(marks) == 19
    rows = np.full((len(marks) + 1, len(WIDE)), 2.0, np.float32)
    for row, (name, value) in enumerate(marks):
        rows[row, WIDE.index(name)] = value
    plain = Scaler(WIDE, np.zeros(len(WIDE)), np.ones(len(WIDE)))
    found = Prepared(WIDE, plain, DetectorLimits(), "fP")(torch.from_numpy(rows)).numpy()
    read = blanked({name: rows[:, place] for place, name in enumerate(WIDE)})
    wanted = np.column_stack([read[name] for name in WIDE])
    assert np.isnan(wanted[:-1]).any(axis=1).all()
    assert np.array_equal(found, wanted, equal_nan=True)


def of_the_bundle(raw: NDArray[np.float32], limits: DetectorLimits) -> NDArray[np.bool_]:
    """Which raw rows the committed network selects as protons behind `Prepared`, shape (N,)."""
    bundle = read_bundle(OURS)
    scaler = read_scaling(OURS / "scaling_params.json", MODEL)
    values = Prepared(MODEL, scaler, limits, "fP")(torch.from_numpy(raw)).numpy()
    model: onnxruntime.InferenceSession = bundle.sessions["attention_model_2212.onnx"]
    score = np.asarray(model.run(None, {"input": values})[0])[:, 0]
    pt = np.hypot(raw[:, MODEL.index("fPx")], raw[:, MODEL.index("fPy")])
    return bundle.working_points.bins[2212].select(score, pt)


def without_tof() -> Tracks:
    tracks = producer.read(DATA / "pid_simulation.root")
    return tracks.select(np.isnan(tracks.column("fBeta")) & (tracks.column("fP") >= 0.8))


def test_protons_without_tof_stay_as_pure_as_with_nan() -> None:
    """-999 of the tables, read as a measurement, gives 1 083 protons of purity 0.581."""
    tracks = without_tof()
    assert len(tracks) == 11865
    proton = tracks.truth() == 2212
    with_nan = of_the_bundle(tracks.take(MODEL), DetectorLimits())
    chosen = of_the_bundle(stored(tracks, MODEL), DetectorLimits())
    assert np.array_equal(chosen, with_nan)
    assert chosen.sum() == pytest.approx(797, abs=2)
    assert proton[chosen].mean() == pytest.approx(0.691, abs=0.005)


def test_graphs_of_raw_columns_are_proved_with_sentinels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted, reference = toy_fitted("feature set"), signed_tracks(60, 2)
    found = write_bundle(fitted, tmp_path / "b", "mlresponse", reference)
    assert found.batches == (1, 7, 600), "300 tracks, with NaN and with sentinels"
    assert "-999" in read_bundle(tmp_path / "b").manifest["missing"]
    for pdg in fitted.scores:
        model = read_bundle(tmp_path / "b").sessions[model_file("mlresponse", pdg)]
        raw = signed_tracks(80, 3)
        with_nan, kept = (model.run(None, {"input": values})[0]
                          for values in (raw.take(MODEL), stored(raw, MODEL)))  # fmt: skip
        assert np.abs(with_nan - kept).max() < 2e-5
    # The second 300 tracks are those with sentinels.
    blind = {name: replace(column, missing=()) for name, column in COLUMNS.items()}
    monkeypatch.setattr(network, "COLUMNS", blind)
    with pytest.raises(ValueError, match=r"Runtime differ at batch 1 in track [345]\d\d,"):
        write_bundle(fitted, tmp_path / "blind", "mlresponse", reference)
