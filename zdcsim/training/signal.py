"""Settings of the classifier, and what the loop needs to train it.

Axis key: N particles, 9 conditions.
"""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveInt

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.io.numbering import ParticleNumbers
from zdcsim.models.signal import SignalClassifier
from zdcsim.objectives.signal import Signal, SignalObjectiveSettings
from zdcsim.response import Sample
from zdcsim.sample.batches import SignalBatch, SignalBatches
from zdcsim.sample.split import SplitBy, split, uniform_hash
from zdcsim.sample.symmetry import symmetries_of
from zdcsim.training.experiment import Experiment, SignalDataSettings
from zdcsim.training.parts import Parts, seeded


class ClassifierShape(Settings):
    """Arguments of `SignalClassifier`."""

    hidden: PositiveInt = 32


class SignalExperiment(Experiment):
    """The classifier that tells whether a particle leaves light."""

    family: Literal["signal"]
    data: SignalDataSettings
    classifier: ClassifierShape = ClassifierShape()
    objective: SignalObjectiveSettings = SignalObjectiveSettings()


def build_classifier(experiment: SignalExperiment) -> SignalClassifier:
    """The classifier with fresh weights and an unfitted scaler."""
    detector, shape = calorimeter(experiment.data.calorimeter), experiment.classifier
    return SignalClassifier(detector, **shape.model_dump(), machine=experiment.data.machine)


def signal_parts(
    experiment: SignalExperiment,
    responses: Sample,
    missed: NDArray[np.float32],
    processes: Processes,
) -> Parts:
    """Objective, batches and validation.

    Arguments:
        experiment: The settings.
        responses: Those without photo-electrons count as without light.
        missed: Conditions of particles that left no light, shape (M, 9).
        processes: Those that train together.

    Raises:
        ValueError: If the sample does not fit the settings.
    """
    data = experiment.data
    train, validation = signal_samples(
        responses, missed, data.validation_fraction, experiment.seed, data.split
    )
    with seeded(experiment.seed):
        classifier = build_classifier(experiment)
    classifier.scaler.fit(train.conditions)
    objective = Signal(classifier, experiment.objective, processes)
    symmetries = symmetries_of(responses.calorimeter) if data.symmetries else None
    batches = SignalBatches(train, experiment.training.batch, experiment.seed, symmetries)

    def cross_entropy() -> float:
        with torch.no_grad():
            return float(objective.cross_entropy(validation.to(processes.device)))

    return Parts(
        objective,
        lambda step: batches(step).part(processes.rank, processes.world_size),
        cross_entropy,
        {"training": len(train.light), "validation": len(validation.light)},
    )


def signal_samples(
    responses: Sample,
    missed: NDArray[np.float32],
    fraction: float,
    seed: int,
    by: SplitBy,
) -> tuple[SignalBatch, SignalBatch]:
    """All training and all validation particles, with whether they left light."""
    sides = split(responses, fraction, seed, by)
    if by == "particle":
        validates = _missed_validate(missed, sides, fraction, seed)
    else:
        validates = uniform_hash(np.arange(len(missed)), seed) < fraction
    train, validation = (
        _particles(side, missed[chosen])
        for side, chosen in zip(sides, (~validates, validates), strict=True)
    )
    return train, validation


def _missed_validate(
    missed: NDArray[np.float32], sides: tuple[Sample, Sample], fraction: float, seed: int
) -> NDArray[np.bool_]:
    """Whether each primary without light validates, shape (M,): one particle is on one side.

    O2's files have a particle many times, and list its dark copies here and the others among the
    responses.
    """
    known = ParticleNumbers()
    here, *there = (
        known.of(np.zeros(len(each), np.int32), each)  # mass and charge stand for the code
        for each in (missed, *(side.conditions for side in sides))
    )
    validates: NDArray[np.bool_] = uniform_hash(here, seed) < fraction
    for particles, of_side in zip(there, (False, True), strict=True):
        validates[np.isin(here, particles)] = of_side
    return validates


def _particles(responses: Sample, missed: NDArray[np.float32]) -> SignalBatch:
    light = np.concatenate([responses.photon_sum() > 0, np.zeros(len(missed), np.bool_)])
    return SignalBatch(
        conditions=torch.from_numpy(np.concatenate([responses.conditions, missed])),
        light=torch.from_numpy(light.astype(np.float32)),
    )
