"""Small networks of every family of `pid`, and toy values with the four patterns of detectors."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pid.models.classifier import Classifier
from pid.models.feature_set import FeatureSetClassifier
from pid.models.mlp import MlpClassifier
from pid.models.pattern_ensemble import PatternEnsemble

FEATURES = 6
TRD, TOF = (1,), (2, 3)
GROUPS = ((0,), (1,), (2, 3), (4, 5))

FAMILIES: dict[str, Callable[[int], Classifier]] = {
    "feature set": lambda targets: FeatureSetClassifier(
        FEATURES, targets, width=8, embedding_hidden=16, feed_forward=16, pooling_hidden=8
    ),
    "feature set of detectors": lambda targets: FeatureSetClassifier(
        FEATURES, targets, groups=GROUPS, bins=4, width=8, embedding_hidden=16, feed_forward=16
    ),
    "mean": lambda targets: MlpClassifier(FEATURES, targets, hidden=(16, 8)),
    "regression": lambda targets: MlpClassifier(
        FEATURES, targets, hidden=(16, 8), imputation="regression"
    ),
    "flags": lambda targets: MlpClassifier(FEATURES, targets, hidden=(16, 8), flags=True),
    "pattern ensemble": lambda targets: PatternEnsemble(
        FEATURES, targets, optional=(TRD, TOF), hidden=(16, 8)
    ),
}
"""By name, a maker of a small network with that many targets."""


def toy_values(n: int, rng: np.random.Generator) -> Tensor:
    """Normal values, shape (n, 6), rows with all four patterns of TRD and TOF in turn."""
    values = torch.from_numpy(rng.standard_normal((n, FEATURES)).astype(np.float32))
    rows = torch.arange(n)
    values[(rows % 2 == 1).nonzero(), list(TRD)] = torch.nan
    values[(rows % 4 >= 2).nonzero(), list(TOF)] = torch.nan
    return values


def made(family: str, targets: int = 3, seed: int = 0) -> Classifier:
    """A network in eval mode with weights that follow from the seed, prepared on toy values."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classifier = FAMILIES[family](targets)
    classifier.prepare(toy_values(400, np.random.default_rng(seed)))
    return classifier.eval()
