"""What the loop needs to train a family that is validated by what it draws."""

from collections.abc import Callable
from typing import Protocol

import torch

from detcore.distributed import Processes
from detcore.loop import Objective
from zdcsim.models.generator import Generator
from zdcsim.response import Sample
from zdcsim.sample.batches import Batch, ResponseBatches
from zdcsim.training.distance import distance_to
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.parts import Parts, response_samples, seeded


class Validated(Objective[Batch], Protocol):
    """An objective that holds the generator to validate."""

    @property
    def average(self) -> Generator:
        """The generator with the weights that are validated and exported."""


def validated_parts(
    experiment: GeneratorExperiment,
    responses: Sample,
    processes: Processes,
    build: Callable[[], Generator],
    objective_of: Callable[[Generator], Validated],
    noise_size: int,
    draws: int,
) -> Parts:
    """Objective, batches and validation by the distance of channel sums.

    Arguments:
        experiment: The settings.
        responses: The sample that trains and validates.
        processes: Those that train together.
        build: The generator with fresh weights; called with torch's random numbers seeded.
        objective_of: The objective of a generator whose scaler is fitted; called likewise.
        noise_size: Normal numbers that the objective wants in each of the two draws of a batch.
        draws: Noise draws for each validation particle.

    Raises:
        ValueError: If the sample does not fit the settings.
    """
    train, validation = response_samples(experiment, responses)
    with seeded(experiment.seed):
        generator = build()
        generator.scaler.fit(torch.from_numpy(train.conditions))
        objective = objective_of(generator)
    batches = ResponseBatches(
        train,
        experiment.training.batch,
        experiment.seed,
        noise_size,
        experiment.data.symmetries,
        diversity=False,
    )
    return Parts(
        objective,
        lambda step: batches(step).part(processes.rank, processes.world_size),
        distance_to(validation, objective.average, draws),
        {"training": len(train), "validation": len(validation)},
    )
