"""What the loop needs to train the shower autoencoder on a sample of responses."""

from collections.abc import Callable

import torch

from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.models.shower_vae import ShowerEncoder, ShowerGenerator
from zdcsim.objectives.shower_vae import ShowerVae
from zdcsim.response import Sample
from zdcsim.sample.batches import ResponseBatches
from zdcsim.training.config import ShowerVaeExperiment
from zdcsim.training.parts import Parts, response_samples, seeded

CHUNK = 128


def build_shower_generator(experiment: ShowerVaeExperiment) -> ShowerGenerator:
    """The decoder with fresh weights and an unfitted scaler."""
    detector, shape = calorimeter(experiment.data.calorimeter), experiment.generator
    return ShowerGenerator(detector, **shape.model_dump(), machine=experiment.data.machine)


def shower_vae_parts(
    experiment: ShowerVaeExperiment, responses: Sample, processes: Processes
) -> Parts:
    """Objective, batches and validation.

    Raises:
        ValueError: If the sample does not fit the settings.
    """
    data, training = experiment.data, experiment.training
    train, validation = response_samples(experiment, responses)
    with seeded(experiment.seed):
        generator = build_shower_generator(experiment)
        encoder = ShowerEncoder(
            generator.calorimeter,
            generator.scaler,
            generator.noise_size,
            **experiment.encoder.model_dump(),
            machine=experiment.data.machine,
        )
    generator.scaler.fit(torch.from_numpy(train.conditions))
    objective = ShowerVae(generator, encoder, experiment.objective, processes)
    batches = ResponseBatches(
        train,
        training.batch,
        experiment.seed,
        generator.noise_size * experiment.objective.draws,
        data.symmetries,
        diversity=False,
    )
    ordered = ResponseBatches(
        validation,
        CHUNK,
        experiment.seed,
        generator.noise_size,
        symmetries=False,
        diversity=False,
    )
    return Parts(
        objective,
        lambda step: batches(step, processes.rank, processes.world_size),
        bound_on(ordered, objective, experiment.validation_draws),
        {"training": len(train), "validation": len(validation)},
    )


def bound_on(validation: ResponseBatches, objective: ShowerVae, draws: int) -> Callable[[], float]:
    """A function that gives the mean bound over the responses, with the same draws at each call."""
    return lambda: validation.mean(lambda batch: objective.bound(batch, draws))
