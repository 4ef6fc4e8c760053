"""`pid submit`: a command of ours as a job of Slurm or HTCondor."""

from collections.abc import Sequence
from pathlib import Path

from detcore.batch.wrapped import PLAIN, RESUMED, SHARED, TRAINING, Batch


def load(config: Path, overrides: Sequence[str]) -> object:
    """The checked settings of a training."""
    from pid.training import load_experiment

    return load_experiment(config, overrides)


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
    load=load,
    example="pid submit --gpus 1 --time 8:00:00 train configs/pid/feature_set.yaml --out runs/fs",
)
