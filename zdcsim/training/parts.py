"""What a family of models hands to the training loop."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from detcore.loop import Objective
from zdcsim.response import Sample
from zdcsim.sample.split import split
from zdcsim.training.experiment import GeneratorExperiment


@dataclass(frozen=True)
class Parts:
    """Everything that differs between families.

    Attributes:
        objective: What is trained.
        batch_at: This process's share of the batch of a step number.
        validate: A value, the smaller the better.
        sizes: Rows that train and rows that validate, for the record.
        digests: Of what is learnt from beside the sample, by name, for the record.
    """

    objective: Objective[Any]
    batch_at: Callable[[int], Any]
    validate: Callable[[], float]
    sizes: Mapping[str, int]
    digests: Mapping[str, str] = field(default_factory=dict)


def response_samples(experiment: GeneratorExperiment, responses: Sample) -> tuple[Sample, Sample]:
    """Responses with enough light, those that train and those that validate.

    Raises:
        ValueError: If one of the two would be empty.
    """
    data = experiment.data
    with_light = responses.select(responses.photon_sum() >= data.minimum_photons)
    if not len(with_light):
        raise ValueError(
            f"none of {len(responses)} responses has data.minimum_photons, "
            f"{data.minimum_photons} photo-electrons, or more; train on a sample with light"
        )
    return split(with_light, data.validation_fraction, experiment.seed, data.split)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's random numbers follow from the seed inside the block and are untouched outside."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
