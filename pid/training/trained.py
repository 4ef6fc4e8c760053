"""Rebuild trained classifiers from their run folders.

Axis key: N tracks, E numbers of the embedding, T targets.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from detcore import checkpoint
from detcore.run_folder import CONFIG
from pid import cuts
from pid.models.classifier import Classifier
from pid.models.trees import Forest
from pid.sample.split import Split
from pid.scaler import Scaler
from pid.tracks import Tracks
from pid.training.config import AnyExperiment, TreesExperiment, load_experiment
from pid.training.data import limits, scaled, split_of
from pid.training.networks import build
from pid.training.run_folder import read_scaler
from pid.training.trees import read_forest

CHUNK = 8192


@dataclass(frozen=True)
class Trained:
    """A classifier with all that it needs to see tracks as in its training.

    Attributes:
        experiment: Its settings.
        classifier: A network in eval mode on the CPU, or trees.
        scaler: Of its input columns, in their order.
        limits: Momenta from which detectors are used.
    """

    experiment: AnyExperiment
    classifier: Classifier | Forest
    scaler: Scaler
    limits: cuts.DetectorLimits

    def score(self, tracks: Tracks) -> NDArray[np.float64]:
        """Probability of each target, shape (N, T), in the order that the output implies.

        Raises:
            ValueError: If a column is absent.
        """
        limited = cuts.apply(tracks, self.limits)
        values = self.scaler.apply(limited.take(self.scaler.columns))
        if isinstance(self.classifier, Forest):
            return self.classifier.probabilities(values)
        with torch.inference_mode():
            parts = torch.split(torch.from_numpy(values), CHUNK)
            scores = torch.cat([self.classifier.probabilities(part) for part in parts])
        return scores.double().numpy()

    def embed(self, tracks: Tracks) -> NDArray[np.float32]:
        """What the network knows of each track before its last layers, shape (N, E).

        Raises:
            ValueError: If a column is absent, or the classifier is trees.
        """
        if isinstance(self.classifier, Forest):
            raise ValueError("trees have no embedding; use a network")
        values = scaled(cuts.apply(tracks, self.limits), self.scaler)
        with torch.inference_mode():
            parts = [self.classifier.embed(part) for part in torch.split(values, CHUNK)]
        found: NDArray[np.float32] = torch.cat(parts).numpy()
        return found

    def split(self, tracks: Tracks) -> Split:
        """Which tracks of its own file trained, validated, or are left to test it."""
        return split_of(tracks, self.experiment)


def load_trained(run: Path) -> Trained:
    """The classifier of a run with the weights that validated best.

    Raises:
        ValueError: If the folder holds no run, one without a finished validation, or one of a
            version with other networks.
    """
    experiment = load_experiment(run / CONFIG)
    scaler = read_scaler(run)
    if isinstance(experiment, TreesExperiment):
        return Trained(experiment, read_forest(run), scaler, limits(experiment.data))
    network = build(experiment)
    checkpoint.load_best(network, run)
    return Trained(experiment, network.eval(), scaler, limits(experiment.data))
