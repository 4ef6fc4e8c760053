"""`zdcsim submit`: a command of ours as a job of Slurm or HTCondor."""

from collections.abc import Sequence
from pathlib import Path

from detcore.batch.wrapped import PLAIN, RESUMED, SHARED, TRAINING, Batch


def load(config: Path, overrides: Sequence[str]) -> object:
    """The checked settings of a training."""
    from zdcsim.training import load_experiment

    return load_experiment(config, overrides)


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
    load=load,
    example="zdcsim submit --shares 20 --time 4:00:00 simulate --particles 1000 --out zn.root",
)
