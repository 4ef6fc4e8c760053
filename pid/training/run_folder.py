"""What a run folder holds of the training's own: the scaler, and which settings may change.

With config.yaml, provenance.json, metrics.jsonl and the weights it is all that is needed to go on
or to rebuild the trained classifier.
"""

import json
from pathlib import Path

import numpy as np

from detcore import files
from pid.scaler import Scaler

SCALER = "scaler.json"
MAY_CHANGE = {"training": {"max_minutes", "patience", "device", "threads"}, "tracking": None}


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
