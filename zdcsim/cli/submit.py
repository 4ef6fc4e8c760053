"""`zdcsim submit`: a command of ours as a job of Slurm or HTCondor."""

from collections.abc import Mapping
from typing import Any

from detcore.batch.wrapped import PLAIN, RESUMED, SHARED, TRAINING, Batch


def check(options: Mapping[str, Any]) -> None:
    """Read the settings of a training, so that an error shows before the queue, not after.

    Raises:
        ValueError: If they are wrong.
    """
    from detcore.config import with_short_forms
    from zdcsim.training import load_experiment

    short = {"seed": options["seed"], "training__device": options["device"]}
    load_experiment(options["config"], with_short_forms(options["override"], **short))


BATCH = Batch(
    program="zdcsim",
    kinds={
        "train": TRAINING,
        "search": RESUMED,
        "simulate": SHARED,
        "generate": SHARED,
        "convert": PLAIN,
        "export": PLAIN,
        "evaluate": PLAIN,
        "validate": PLAIN,
    },
    check=check,
    example="zdcsim submit --shares 20 --time 4:00:00 simulate --particles 1000 --out zn.root",
)
