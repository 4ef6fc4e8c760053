"""Training: settings, run folders and the classifiers rebuilt from them."""

from pid.training.config import load_experiment
from pid.training.train import adapt, run, train
from pid.training.trained import Trained, load_trained

__all__ = ["Trained", "adapt", "load_experiment", "load_trained", "run", "train"]
