"""Training: settings, run folders and the networks rebuilt from them."""

from zdcsim.training.config import load_experiment
from zdcsim.training.record import training_record
from zdcsim.training.train import run, train
from zdcsim.training.trained import load_classifier, load_generator

__all__ = [
    "load_classifier",
    "load_experiment",
    "load_generator",
    "run",
    "train",
    "training_record",
]
