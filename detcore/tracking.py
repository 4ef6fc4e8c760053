"""Records of runs in MLflow: in a local folder by default, on a server by its URI, or nowhere.

Source: https://mlflow.org/docs/latest/ml/tracking.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from detcore.config import Settings, flattened

RUN_ID = "mlflow_run_id"
MAX_VALUE_LENGTH = 500


class TrackingSettings(Settings):
    """Where runs are recorded.

    Attributes:
        enabled: Record at all.
        uri: A folder, or the http address of an MLflow server. The environment variable
            MLFLOW_TRACKING_URI goes before it.
        experiment: MLflow's name for a group of runs.
    """

    enabled: bool = True
    uri: str = "mlruns"
    experiment: str = "zdcsim"


class Tracker(Protocol):
    """What a training tells the outside world."""

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Record settings; groups become dotted names."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Record numbers of one step."""

    def artifact(self, path: Path) -> None:
        """Keep a copy of a file."""

    def finish(self, status: str) -> None:
        """End the record as `FINISHED`, `FAILED` or `KILLED`, which is to go on."""


class Untracked:
    """Records nothing."""

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Ignored."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Ignored."""

    def artifact(self, path: Path) -> None:
        """Ignored."""

    def finish(self, status: str) -> None:
        """Ignored."""


class MLflowTracker:
    """Records into one MLflow run, whose identifier is kept in the run folder.

    Arguments:
        settings: Where to.
        folder: The run folder; if it names an MLflow run, that one is continued.
    """

    def __init__(self, settings: TrackingSettings, folder: Path) -> None:
        # MLflow keeps its folder store behind a switch and its SQLite store in the full package;
        # both switches must be set before the import, which takes a second: hence here.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow.tracking import MlflowClient

        uri = os.environ.get("MLFLOW_TRACKING_URI", settings.uri)
        local = "://" not in uri and not uri.startswith("file:")
        self.client = MlflowClient(tracking_uri=Path(uri).resolve().as_uri() if local else uri)
        self.run_id = self._run(settings.experiment, folder)

    def _run(self, name: str, folder: Path) -> str:
        record = folder / RUN_ID
        if record.exists():
            run_id = record.read_text().strip()
            self.client.update_run(run_id, status="RUNNING")
            return run_id
        found = self.client.get_experiment_by_name(name)
        experiment = found.experiment_id if found else self.client.create_experiment(name)
        run_id = str(self.client.create_run(experiment, run_name=folder.name).info.run_id)
        folder.mkdir(parents=True, exist_ok=True)
        record.write_text(run_id + "\n")
        return run_id

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Record settings; groups become dotted names."""
        for key, value in flattened(values).items():
            self.client.log_param(self.run_id, key, str(value)[:MAX_VALUE_LENGTH])

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Record numbers of one step."""
        for key, value in values.items():
            self.client.log_metric(self.run_id, key, value, step=step)

    def artifact(self, path: Path) -> None:
        """Keep a copy of a file."""
        self.client.log_artifact(self.run_id, str(path))

    def finish(self, status: str) -> None:
        """End the record as `FINISHED`, `FAILED` or `KILLED`, which is to go on."""
        self.client.set_terminated(self.run_id, status)


def tracker(settings: TrackingSettings, folder: Path) -> Tracker:
    """The tracker that the settings ask for."""
    return MLflowTracker(settings, folder) if settings.enabled else Untracked()
