"""Growing trees in a run folder.

Axis key: none.
"""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from detcore import checkpoint, files
from detcore.loop import Progression
from detcore.tracking import Tracker
from pid.models.trees import Forest, arrays, from_arrays
from pid.objectives.boosting import grow
from pid.training.config import TreesExperiment
from pid.training.data import Sample

FOREST = "forest.npz"


def grow_forest(
    experiment: TreesExperiment, sample: Sample, folder: Path, tracker: Tracker
) -> Progression:
    """Grow the trees and write them; metrics.jsonl gets one line for each target.

    There is nothing to go on with: a run that was killed starts again.

    Returns:
        Number of trees as `step`, mean validation log-loss as `best`.
    """
    started = time.monotonic()
    lines: list[Mapping[str, float]] = []

    def told(metrics: Mapping[str, float]) -> None:
        lines.append({"step": len(lines) + 1, **metrics})
        tracker.metrics(metrics, len(lines))

    sides = [
        (side.values.numpy(), side.labels.numpy()) for side in (sample.train, sample.validation)
    ]
    forest = grow(
        sides[0], sides[1], experiment.data.output, experiment.boosting, experiment.seed,
        sample.weight, told,
    )  # fmt: skip
    text = "".join(json.dumps(line) + "\n" for line in lines)
    files.write_text(folder / checkpoint.METRICS, text)
    with files.replacing(folder / FOREST) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays(forest))
    seconds = time.monotonic() - started
    losses = [line["log_loss"] for line in lines]
    best = sum(losses) / len(losses) if losses else math.inf
    return Progression(len(forest.root), best, len(forest.root), 0, seconds)


def read_forest(folder: Path) -> Forest:
    """The trees of a run.

    Raises:
        ValueError: If the folder holds none.
    """
    try:
        with np.load(folder / FOREST, allow_pickle=False) as found:
            return from_arrays(dict(found))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder / FOREST} cannot be read: {error}; train first") from None
