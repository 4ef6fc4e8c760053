"""What the loop needs to train a family with one optimiser, validated by what it draws."""

from collections.abc import Callable

import torch

from detcore.distributed import Processes
from zdcsim.models.generator import Generator
from zdcsim.objectives.averaged import AveragedObjective
from zdcsim.response import Sample
from zdcsim.sample.batches import ResponseBatches
from zdcsim.training.distance import distance_to
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.parts import Parts, response_samples, seeded


def validated_parts(
    experiment: GeneratorExperiment,
    responses: Sample,
    processes: Processes,
    build: Callable[[], Generator],
    objective_of: Callable[[Generator], AveragedObjective],
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
        train, experiment.training.batch, experiment.seed, noise_size, experiment.data.symmetries
    )
    return Parts(
        objective,
        lambda step: batches(step).part(processes.rank, processes.world_size),
        distance_to(validation, objective.average, draws),
        {"training": len(train), "validation": len(validation)},
    )
