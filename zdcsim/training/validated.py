"""What the loop needs to train a family whose generator is part of its objective."""

from collections.abc import Callable
from typing import Protocol, TypeVar

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


class Matching(Validated, Protocol):
    """An objective whose loss also validates."""

    def held_out(self, batch: Batch) -> float:
        """The loss of the averaged weights on rows that do not train."""


Trained = TypeVar("Trained", bound=Validated)
Measure = Callable[[Sample, Trained, int], Callable[[], float]]
"""Makes a validation of the sample that validates, the objective and the number of draws."""
CHUNK = 128


def by_distance(validation: Sample, objective: Validated, draws: int) -> Callable[[], float]:
    """The distance of channel sums between the sample and what the generator draws."""
    return distance_to(validation, objective.average, draws)


def by_matching(noise_size: int, seed: int) -> Measure[Matching]:
    """The loss on the sample, at the same times and with the same noise at each call.

    A distance of channel sums is, near the best weights, nearly all floor: the difference of two
    finite samples. The loss has no floor that hides which of two networks is better.
    """

    def measure(validation: Sample, objective: Matching, draws: int) -> Callable[[], float]:
        drawn = [
            ResponseBatches(
                validation, CHUNK, seed + draw, noise_size, symmetries=False, diversity=False
            )
            for draw in range(draws)
        ]

        return lambda: sum(batches.mean(objective.held_out) for batches in drawn) / draws

    return measure


def validated_parts(
    experiment: GeneratorExperiment,
    responses: Sample,
    processes: Processes,
    build: Callable[[], Generator],
    objective_of: Callable[[Generator], Trained],
    noise_size: int,
    draws: int,
    measure: Measure[Trained] = by_distance,
    *,
    diversity: bool = False,
) -> Parts:
    """Objective, batches and validation.

    Arguments:
        experiment: The settings.
        responses: The sample that trains and validates.
        processes: Those that train together.
        build: The generator with fresh weights; called with torch's random numbers seeded.
        objective_of: The objective of a generator whose scaler is fitted; called likewise.
        noise_size: Normal numbers that the objective wants in each of the two draws of a batch.
        draws: Noise draws for each validation particle.
        measure: What validates.
        diversity: Whether the objective wants the diversity of every particle.

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
        experiment.data.position,
        diversity,
    )
    return Parts(
        objective,
        lambda step: batches(step, processes.rank, processes.world_size),
        measure(validation, objective, draws),
        {"training": len(train), "validation": len(validation)},
    )
