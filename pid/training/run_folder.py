"""A run folder: config.yaml, provenance.json, scaler.json, metrics.jsonl and the weights.

It is all that is needed to go on or to rebuild the trained classifier.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from detcore import config, files
from detcore.provenance import provenance
from pid.scaler import Scaler
from pid.training.config import AnyExperiment, Experiment

CONFIG, PROVENANCE, SCALER = "config.yaml", "provenance.json", "scaler.json"
MAY_CHANGE = {"training": {"max_minutes", "patience", "device", "threads"}, "tracking": None}


def check_folder(folder: Path, experiment: AnyExperiment, resume: bool) -> None:
    """Refuse a folder that holds another run.

    Raises:
        ValueError: If it holds a run that is not resumed, or one with other settings.
    """
    held = folder / CONFIG
    if not held.exists():
        return
    if not resume:
        raise ValueError(f"{folder} already holds a run; resume it or choose another folder")
    before = config.load(held, type(experiment))
    if _fixed(before) != _fixed(experiment):
        raise ValueError(
            f"{folder} was trained with other settings ({_difference(before, experiment)}); "
            "resume with the same ones"
        )


def open_folder(folder: Path, experiment: AnyExperiment, data: Mapping[str, object]) -> bool:
    """Write the settings and where the run comes from; whether the folder is new."""
    fresh = not (folder / CONFIG).exists()
    config.dump(experiment, folder / CONFIG)
    record = {
        **provenance("torch", "lightgbm", "numpy", "pydantic"),
        "data": dict(data),
        "settings": experiment.model_dump(mode="json"),
    }
    files.write_text(folder / PROVENANCE, json.dumps(record, indent=2) + "\n")
    return fresh


def write_scaler(folder: Path, scaler: Scaler) -> None:
    """Write the scaler as JSON."""
    values = {"columns": scaler.columns, "mean": scaler.mean.tolist(), "std": scaler.std.tolist()}
    files.write_text(folder / SCALER, json.dumps(values, indent=1) + "\n")


def read_scaler(folder: Path) -> Scaler:
    """The scaler of a run.

    Raises:
        ValueError: If the folder has none.
    """
    try:
        values = json.loads((folder / SCALER).read_text(encoding="utf-8"))
        return Scaler(tuple(values["columns"]), np.array(values["mean"]), np.array(values["std"]))
    except (OSError, json.JSONDecodeError, KeyError):
        raise ValueError(
            f"{folder / SCALER} cannot be read; give a folder that `pid train` wrote"
        ) from None


def _fixed(experiment: Experiment) -> dict[str, object]:
    values = experiment.model_dump(mode="json")
    for group, names in MAY_CHANGE.items():
        if names is None:
            del values[group]
        elif group in values:
            values[group] = {k: v for k, v in values[group].items() if k not in names}
    return values


def _difference(before: Experiment, now: Experiment) -> str:
    a, b = config.flattened(_fixed(before)), config.flattened(_fixed(now))
    return ", ".join(
        f"{key}: {a.get(key)!r}, now {b.get(key)!r}" for key in b if a.get(key) != b[key]
    )
