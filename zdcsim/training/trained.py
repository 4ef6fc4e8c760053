"""Rebuild trained networks from their run folders."""

from pathlib import Path
from typing import TypeVar

from torch import nn

from detcore import checkpoint
from detcore.run_folder import CONFIG
from zdcsim.models.generator import Generator
from zdcsim.models.signal import SignalClassifier
from zdcsim.training.config import load_experiment
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.families import build_generator
from zdcsim.training.signal import SignalExperiment, build_classifier

Network = TypeVar("Network", bound=nn.Module)


def load_generator(run_dir: Path) -> Generator:
    """The generator of a run with the weights that validated best, on the CPU, in eval mode.

    Raises:
        ValueError: If the folder holds no finished validation, no generator, or one of a version
            with other networks.
    """
    experiment = load_experiment(run_dir / CONFIG)
    if not isinstance(experiment, GeneratorExperiment):
        raise ValueError(f"{run_dir} holds a {experiment.family} run, not a generator")
    return _at_its_best(build_generator(experiment), run_dir)


def load_classifier(run_dir: Path) -> SignalClassifier:
    """The classifier of a run with the weights that validated best, on the CPU, in eval mode.

    Raises:
        ValueError: If the folder holds no finished validation, no classifier, or one of a version
            with other networks.
    """
    experiment = load_experiment(run_dir / CONFIG)
    if not isinstance(experiment, SignalExperiment):
        raise ValueError(f"{run_dir} holds a {experiment.family} run, not a classifier")
    return _at_its_best(build_classifier(experiment), run_dir)


def _at_its_best(network: Network, run_dir: Path) -> Network:
    checkpoint.load_best(network, run_dir)
    return network.eval()
