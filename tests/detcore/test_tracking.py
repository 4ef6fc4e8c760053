"""MLflow records, in a local folder without a server."""

from pathlib import Path

import pytest

from detcore.tracking import RUN_ID, MLflowTracker, TrackingSettings, Untracked, tracker


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrackingSettings:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return TrackingSettings(uri=str(tmp_path / "mlruns"), experiment="toys")


def test_parameters_metrics_and_artifacts_are_recorded(
    tmp_path: Path, settings: TrackingSettings
) -> None:
    record = tracker(settings, tmp_path / "run")
    assert isinstance(record, MLflowTracker)
    record.parameters({"training": {"steps": 3}, "long": "x" * 10_000})
    record.metrics({"loss": 0.5}, step=2)
    record.artifact(Path(__file__))
    record.finish("FINISHED")
    run = record.client.get_run(record.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["training.steps"] == "3"
    history = record.client.get_metric_history(record.run_id, "loss")
    assert [(m.step, m.value) for m in history] == [(2, 0.5)]
    assert [a.path for a in record.client.list_artifacts(record.run_id)] == [Path(__file__).name]


def test_a_resumed_run_goes_on_in_the_same_record(
    tmp_path: Path, settings: TrackingSettings
) -> None:
    first = MLflowTracker(settings, tmp_path / "run")
    first.finish("FAILED")
    second = MLflowTracker(settings, tmp_path / "run")
    assert second.run_id == first.run_id == (tmp_path / "run" / RUN_ID).read_text().strip()
    assert second.client.get_run(second.run_id).info.status == "RUNNING"
    assert MLflowTracker(settings, tmp_path / "other").run_id != first.run_id


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    record = tracker(TrackingSettings(enabled=False), tmp_path / "run")
    assert isinstance(record, Untracked)
    record.parameters({"a": 1})
    record.metrics({"a": 1.0}, step=1)
    record.artifact(tmp_path / "absent")
    record.finish("FINISHED")
    assert not list(tmp_path.iterdir())
