"""`pid submit`: a command of ours as a job of Slurm or HTCondor."""

from collections.abc import Mapping
from typing import Any

from detcore.batch.wrapped import PLAIN, RESUMED, SHARED, TRAINING, Batch


def check(options: Mapping[str, Any]) -> None:
    """Read the settings of a training, so that an error shows before the queue, not after.

    Raises:
        ValueError: If they are wrong.
    """
    from detcore.config import with_short_forms
    from pid.training import load_experiment

    short = {"seed": options["seed"], "training__device": options["device"]}
    load_experiment(options["config"], with_short_forms(options["override"], **short))


BATCH = Batch(
    program="pid",
    kinds={
        "train": TRAINING,
        "adapt": TRAINING,
        "search": RESUMED,
        "simulate": SHARED,
        "export": PLAIN,
        "evaluate": PLAIN,
    },
    check=check,
    example="pid submit --gpus 1 --time 8:00:00 train configs/pid/feature_set.yaml --out runs/fs",
)
