"""What the loop needs to train ExpertSim on a sample of responses."""

import torch

from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.models.expertsim import ExpertSimDiscriminators, ExpertSimGenerator
from zdcsim.models.regressor import PositionRegressor
from zdcsim.models.sdi_gan import SdiGanDiscriminator
from zdcsim.objectives.expertsim import ExpertSim
from zdcsim.response import Sample
from zdcsim.sample.batches import ResponseBatches
from zdcsim.training.config import ExpertSimExperiment
from zdcsim.training.distance import distance_to
from zdcsim.training.parts import Parts, response_samples, seeded


def build_expertsim_generator(experiment: ExpertSimExperiment) -> ExpertSimGenerator:
    """The generator with fresh weights and an unfitted scaler."""
    detector, shape = calorimeter(experiment.data.calorimeter), experiment.generator
    return ExpertSimGenerator(detector, **shape.model_dump(), machine=experiment.data.machine)


def expertsim_parts(
    experiment: ExpertSimExperiment, responses: Sample, processes: Processes
) -> Parts:
    """Objective, batches and validation.

    Raises:
        ValueError: If the sample does not fit the settings.
    """
    data, training, experts = experiment.data, experiment.training, experiment.generator.experts
    train, validation = response_samples(experiment, responses)
    with seeded(experiment.seed):
        generator = build_expertsim_generator(experiment)
        discriminators = [
            SdiGanDiscriminator(
                generator.calorimeter,
                generator.scaler,
                **experiment.discriminator.model_dump(),
                machine=data.machine,
            )
            for _ in range(experts)
        ]
        regressor = PositionRegressor(generator.calorimeter, **experiment.regressor.model_dump())
    generator.scaler.fit(torch.from_numpy(train.conditions))
    judges = ExpertSimDiscriminators(discriminators)
    objective = ExpertSim(generator, judges, regressor, experiment.objective, processes)
    noise_size = generator.noise_size + experts
    batches = ResponseBatches(
        train,
        training.batch,
        experiment.seed,
        noise_size,
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
