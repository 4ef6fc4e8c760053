"""What the loop needs to train a GAN on a sample of responses.

Axis key: N validation responses, Nx by Ny fibres, 5 channels.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from detcore.distributed import Processes
from zdcsim.channels import channel_sums
from zdcsim.geometry import calorimeter
from zdcsim.models.generator import Generator
from zdcsim.models.regressor import PositionRegressor
from zdcsim.models.sdi_gan import SdiGanDiscriminator, SdiGanGenerator
from zdcsim.objectives.sdi_gan import SdiGan
from zdcsim.response import Sample
from zdcsim.sample.batches import ResponseBatches
from zdcsim.sample.split import split
from zdcsim.training.config import SdiGanExperiment
from zdcsim.training.parts import Parts, seeded
from zdcsim.wasserstein import w1

CHUNK = 256


def build_generator(experiment: SdiGanExperiment) -> SdiGanGenerator:
    """The generator with fresh weights and an unfitted scaler."""
    detector, shape = calorimeter(experiment.data.calorimeter), experiment.generator
    return SdiGanGenerator(detector, **shape.model_dump())


def sdi_gan_parts(experiment: SdiGanExperiment, responses: Sample, processes: Processes) -> Parts:
    """Objective, batches and validation.

    Raises:
        ValueError: If the sample does not fit the settings.
    """
    data, training = experiment.data, experiment.training
    with_light = responses.select(responses.photon_sum() >= data.minimum_photons)
    train, validation = split(with_light, data.validation_fraction, experiment.seed, data.split)
    with seeded(experiment.seed):
        generator = build_generator(experiment)
        discriminator = SdiGanDiscriminator(
            generator.calorimeter, generator.scaler, **experiment.discriminator.model_dump()
        )
        regressor = PositionRegressor(generator.calorimeter, **experiment.regressor.model_dump())
    generator.scaler.fit(torch.from_numpy(train.conditions))
    objective = SdiGan(generator, discriminator, regressor, experiment.objective, processes)
    batches = ResponseBatches(
        train, training.batch, experiment.seed, generator.noise_size, data.symmetries, data.position
    )
    return Parts(
        objective,
        lambda step: batches(step).part(processes.rank, processes.world_size),
        distance_to(validation, objective.average, experiment.validation_draws),
        {"training": len(train), "validation": len(validation)},
    )


def distance_to(validation: Sample, generator: Generator, draws: int) -> Callable[[], float]:
    """A function that gives the mean Wasserstein-1 distance of the five O2 channel sums.

    Every draw gives each validation particle one response, rounded to whole counts, so both
    samples have the same size; the distance is averaged over the draws, whose noise is always
    the same.
    """
    starts = range(0, len(validation), CHUNK)
    parts = (validation.dense(slice(start, start + CHUNK)) for start in starts)
    truth = np.concatenate([channel_sums(part, validation.calorimeter, "o2") for part in parts])

    def distance() -> float:
        found = (_sums(validation, generator, draw) for draw in range(draws))
        per_draw = [
            np.mean([w1(sums[:, channel], truth[:, channel]) for channel in range(truth.shape[1])])
            for sums in found
        ]
        return float(np.mean(per_draw))

    return distance


def _sums(validation: Sample, generator: Generator, seed: int) -> NDArray[np.float64]:
    device = generator.scaler.mean.device
    rng = torch.Generator(device).manual_seed(seed)
    conditions = torch.from_numpy(validation.conditions).to(device)
    chunks = []
    for part in torch.split(conditions, CHUNK):
        photons = torch.expm1(generator.sample(part, rng).float()).round().cpu().numpy()
        chunks.append(channel_sums(photons, validation.calorimeter, "o2"))
    return np.concatenate(chunks)
