"""Networks from their settings, and what the loop needs to train them.

Axis key: F features, T targets.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from detcore.distributed import Processes
from detcore.loop import Objective
from pid.columns import OPTIONAL, detector_of
from pid.models.classifier import Classifier
from pid.models.feature_set import FeatureSetClassifier
from pid.models.mlp import MlpClassifier
from pid.models.pattern_ensemble import PatternEnsemble
from pid.objectives.adaptation import Adaptation
from pid.objectives.classification import Classification
from pid.sample.batches import Order, Pair, Unlabelled
from pid.species import CLASSES, TARGETS
from pid.training.config import FeatureSetExperiment, MlpExperiment, Network
from pid.training.data import Sample

TARGET_SEED = 1_000_003


@dataclass(frozen=True)
class Parts:
    """What the loop is given.

    Attributes:
        objective: What is trained.
        batch_at: This process's share of the batch of a step number.
        validate: A value, the smaller the better.
    """

    objective: Objective[Any]
    batch_at: Callable[[int], Any]
    validate: Callable[[], float]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's random numbers follow from the seed inside the block and are untouched outside."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def build(experiment: Network) -> Classifier:
    """The network with fresh weights.

    Raises:
        ValueError: If groups or columns do not fit together.
    """
    data = experiment.data
    features, output = len(data.columns), data.output
    targets = len(TARGETS) if output == "one_vs_rest" else len(CLASSES)
    shape: dict[str, Any] = experiment.model.model_dump()
    if isinstance(experiment, FeatureSetExperiment):
        shape["groups"] = _indices(shape["groups"], data.columns)
        return FeatureSetClassifier(features, targets, output, **shape)
    if isinstance(experiment, MlpExperiment):
        return MlpClassifier(features, targets, output, **shape)
    detectors = [
        [index for index, name in enumerate(data.columns) if detector_of(name) == detector]
        for detector in OPTIONAL
    ]
    optional = [detector for detector in detectors if detector]
    return PatternEnsemble(features, targets, output, optional=optional, **shape)


def parts(
    experiment: Network, sample: Sample, processes: Processes, target: Unlabelled | None = None
) -> Parts:
    """Objective, batches and validation; with a target, those of domain adaptation.

    Raises:
        ValueError: If the sample does not fit the settings.
    """
    training = experiment.training
    with seeded(experiment.seed):
        classifier = build(experiment)
        classifier.prepare(sample.train.values)
        weight = None if sample.weight is None else torch.from_numpy(sample.weight)
        common = (training.steps, experiment.seed, processes, weight)
        if target is None or experiment.adaptation is None:
            plain = Classification(classifier, experiment.objective, *common)
        else:
            plain = adapted = Adaptation(
                classifier, experiment.objective, experiment.adaptation, *common
            )
    ranks = processes.rank, processes.world_size
    source_order = Order(len(sample.train), training.batch, experiment.seed, *ranks)
    if target is None:
        return Parts(
            plain,
            lambda step: sample.train.rows(source_order(step)),
            lambda: plain.log_loss(sample.validation),
        )
    order = Order(len(target), training.batch, experiment.seed + TARGET_SEED, *ranks)
    return Parts(
        adapted,
        lambda step: Pair(sample.train.rows(source_order(step)), target.rows(order(step))),
        lambda: adapted.value(sample.validation, target),
    )


def _indices(
    groups: tuple[tuple[str, ...], ...] | None, columns: tuple[str, ...]
) -> list[list[int]] | None:
    if groups is None:
        return None
    named = [name for group in groups for name in group]
    if sorted(named) != sorted(columns):
        raise ValueError(
            f"model.groups must hold each of data.columns once; got {', '.join(named)}, expected "
            f"{', '.join(columns)}"
        )
    return [[columns.index(name) for name in group] for group in groups]
