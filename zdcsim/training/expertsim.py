"""Settings of ExpertSim, and what the loop needs to train it on a sample of responses."""

from typing import Annotated, Literal

from pydantic import Field

from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.models.expertsim import ExpertSimDiscriminators, ExpertSimGenerator
from zdcsim.models.generator import Generator
from zdcsim.objectives.expertsim import ExpertSim, ExpertSimSettings
from zdcsim.response import Sample
from zdcsim.training.experiment import Widths
from zdcsim.training.parts import Parts
from zdcsim.training.sdi_gan import (
    GanExperiment,
    GeneratorShape,
    build_discriminator,
    build_regressor,
)
from zdcsim.training.validated import validated_parts


class ExpertSimShape(GeneratorShape):
    """Arguments of `ExpertSimGenerator`."""

    experts: Annotated[int, Field(ge=2, le=6)] = 3
    router: Widths = (128, 64, 32)


class ExpertSimExperiment(GanExperiment):
    """A router and several SDI-GANs."""

    family: Literal["expertsim"]
    generator: ExpertSimShape = ExpertSimShape()
    objective: ExpertSimSettings = ExpertSimSettings()


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
    shape = experiment.generator

    def objective(generator: Generator) -> ExpertSim:
        assert isinstance(generator, ExpertSimGenerator)
        judges = ExpertSimDiscriminators(
            [build_discriminator(experiment, generator) for _ in range(shape.experts)]
        )
        regressor = build_regressor(experiment, generator)
        return ExpertSim(generator, judges, regressor, experiment.objective, processes)

    return validated_parts(
        experiment,
        responses,
        processes,
        lambda: build_expertsim_generator(experiment),
        objective,
        shape.noise_size + shape.experts,
        experiment.validation_draws,
        diversity=bool(experiment.objective.diversity),
    )
