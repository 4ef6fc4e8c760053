"""Limits on p that are not O2's defaults: the task is told, and told what is needed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pid_bundles import signed_tracks, toy_fitted
from typer.testing import CliRunner

from pid.cli.main import app
from pid.cuts import DetectorLimits
from pid.export import runs, trained
from pid.export.emulator import LIMITS, PidOnnxModel, row_of
from pid.export.o2physics import write_bundle
from pid.export.task_limits import LABELS, to_set
from pid.io.bundle import read_bundle
from pid.scoring import score

OTHERS = DetectorLimits(1.2, 0.6)


def test_o2s_defaults_and_limits_in_the_graph_need_nothing() -> None:
    assert to_set(DetectorLimits(), "pidml") == {}
    assert to_set(OTHERS, "mlresponse") == to_set(OTHERS, "features46") == {}
    assert to_set(OTHERS, "pidml") == {
        "TPC": 0.0, "TPC + TOF": 1.2, "TPC + TOF + TRD": 0.6,
    }  # fmt: skip
    assert to_set(DetectorLimits(0.5, 0.9), "pidml")["TPC + TOF + TRD"] == 0.9


def test_with_what_the_manifest_says_o2_scores_as_the_training(tmp_path: Path) -> None:
    fitted = toy_fitted("feature set")
    fitted = replace(fitted, trained=replace(fitted.trained, limits=OTHERS))
    write_bundle(fitted, tmp_path / "b", "pidml", signed_tracks(60, 2))
    said = json.loads((tmp_path / "b/manifest.json").read_text())["o2_task_must_set_limits_gev"]
    tracks = signed_tracks(40, 3)
    tracks.values[:, tracks.columns.index("fP")] = np.linspace(0.55, 1.3, 40, dtype=np.float32)
    names = tracks.columns
    rows = [row_of(dict(zip(names, each, strict=True))) for each in tracks.values.tolist()]
    wanted = score(read_bundle(tmp_path / "b"), tracks)[:, 0]
    pdg = fitted.scores[0]
    told, untold = (
        np.array([PidOnnxModel(tmp_path / "b", pdg, limits=limits).apply(row) for row in rows])
        for limits in (tuple(said[label] for label in LABELS), LIMITS)
    )
    assert told == pytest.approx(wanted, abs=2e-5)
    assert np.abs(untold - wanted).max() > 1e-3, "else the limits would not matter"


@pytest.mark.parametrize(("limits", "told"), [(OTHERS, True), (DetectorLimits(), False)])
def test_the_command_says_what_the_task_must_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: DetectorLimits, told: bool
) -> None:
    fitted = toy_fitted("mlp")
    fitted = replace(fitted, trained=replace(fitted.trained, limits=limits))
    made = fitted.trained, signed_tracks(60, 2)
    monkeypatch.setattr(runs, "from_runs", lambda *_: made)
    monkeypatch.setattr(trained, "fit", lambda *_: fitted)
    shown = CliRunner().invoke(app, ["export", "run", "--out", str(tmp_path / "b")])
    assert shown.exit_code == 0, shown.output
    line = "in the O2 task to TPC: 0, TPC + TOF: 1.2, TPC + TOF + TRD: 0.6 GeV/c"
    assert (line in shown.output) == told
    assert ("O2's defaults" in shown.output) == told
    assert ("o2_task_must_set_limits_gev" in (tmp_path / "b/manifest.json").read_text()) == told
