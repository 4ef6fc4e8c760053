"""What the loop needs to train a GAN on a sample of responses."""

import torch

from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.models.regressor import PositionRegressor
from zdcsim.models.sdi_gan import SdiGanDiscriminator, SdiGanGenerator
from zdcsim.objectives.sdi_gan import SdiGan
from zdcsim.response import Sample
from zdcsim.sample.batches import ResponseBatches
from zdcsim.training.config import SdiGanExperiment
from zdcsim.training.distance import distance_to
from zdcsim.training.parts import Parts, response_samples, seeded


def build_sdi_gan_generator(experiment: SdiGanExperiment) -> SdiGanGenerator:
    """The generator with fresh weights and an unfitted scaler."""
    detector, shape = calorimeter(experiment.data.calorimeter), experiment.generator
    return SdiGanGenerator(detector, **shape.model_dump(), machine=experiment.data.machine)


def sdi_gan_parts(experiment: SdiGanExperiment, responses: Sample, processes: Processes) -> Parts:
    """Objective, batches and validation.

    Raises:
        ValueError: If the sample does not fit the settings.
    """
    data, training = experiment.data, experiment.training
    train, validation = response_samples(experiment, responses)
    with seeded(experiment.seed):
        generator = build_sdi_gan_generator(experiment)
        discriminator = SdiGanDiscriminator(
            generator.calorimeter,
            generator.scaler,
            **experiment.discriminator.model_dump(),
            machine=data.machine,
        )
        regressor = PositionRegressor(generator.calorimeter, **experiment.regressor.model_dump())
    generator.scaler.fit(torch.from_numpy(train.conditions))
    objective = SdiGan(generator, discriminator, regressor, experiment.objective, processes)
    batches = ResponseBatches(
        train,
        training.batch,
        experiment.seed,
        generator.noise_size,
        data.symmetries,
        data.position,
        diversity=bool(experiment.objective.diversity),
    )
    return Parts(
        objective,
        lambda step: batches(step, processes.rank, processes.world_size),
        distance_to(validation, objective.average, experiment.validation_draws),
        {"training": len(train), "validation": len(validation)},
    )
