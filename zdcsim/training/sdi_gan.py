"""Settings of the GANs, and what the loop needs to train one on a sample of responses."""

from typing import Literal, Self

from pydantic import PositiveInt, model_validator

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.models.generator import Generator
from zdcsim.models.regressor import PositionRegressor
from zdcsim.models.sdi_gan import SdiGanDiscriminator, SdiGanGenerator
from zdcsim.objectives.sdi_gan import SdiGan, SdiGanSettings
from zdcsim.response import Sample
from zdcsim.training.experiment import GeneratorExperiment, Widths
from zdcsim.training.parts import Parts
from zdcsim.training.unused import check_unused
from zdcsim.training.validated import validated_parts


class GeneratorShape(Settings):
    """Arguments of `SdiGanGenerator`."""

    noise_size: PositiveInt = 10
    hidden: PositiveInt = 128
    widths: Widths = (32, 16, 8)
    impact_maps: bool = True


class DiscriminatorShape(Settings):
    """Arguments of `SdiGanDiscriminator`."""

    hidden: PositiveInt = 64
    widths: Widths = (16, 32, 32)
    impact_maps: bool = True
    see_sums: bool = True


class RegressorShape(Settings):
    """Arguments of `PositionRegressor`."""

    hidden: PositiveInt = 32
    widths: Widths = (8, 16, 16)


class GanExperiment(GeneratorExperiment):
    """What all GANs have.

    Attributes:
        validation_draws: Noise draws for each validation particle.
    """

    generator: GeneratorShape = GeneratorShape()
    discriminator: DiscriminatorShape = DiscriminatorShape()
    regressor: RegressorShape = RegressorShape()
    objective: SdiGanSettings = SdiGanSettings()
    validation_draws: PositiveInt = 10

    @property
    def has_position_term(self) -> bool:
        """Whether there is a regressor of the showers' positions."""
        return bool(self.objective.position)

    @model_validator(mode="after")
    def _nothing_of_switched_off_terms(self) -> Self:
        if not self.has_position_term:
            unused = ["regressor", "objective.regressor"]
            check_unused(self, unused, "there is no position term (objective.position)")
        if not self.objective.intensity:
            unused = ["objective.intensity_form"]
            check_unused(self, unused, "there is no intensity term (objective.intensity)")
        return self


class SdiGanExperiment(GanExperiment):
    """A GAN, from the plain conditional one to all terms of the SDI-GAN with regressor."""

    family: Literal["sdi_gan"]


def build_sdi_gan_generator(experiment: SdiGanExperiment) -> SdiGanGenerator:
    """The generator with fresh weights and an unfitted scaler."""
    detector, shape = calorimeter(experiment.data.calorimeter), experiment.generator
    return SdiGanGenerator(detector, **shape.model_dump(), machine=experiment.data.machine)


def build_discriminator(experiment: GanExperiment, generator: Generator) -> SdiGanDiscriminator:
    """A discriminator with fresh weights, which scales the conditions as the generator does."""
    detector, shape = generator.calorimeter, experiment.discriminator
    machine = experiment.data.machine
    return SdiGanDiscriminator(detector, generator.scaler, **shape.model_dump(), machine=machine)


def build_regressor(experiment: GanExperiment, generator: Generator) -> PositionRegressor:
    """The regressor of the showers' positions with fresh weights."""
    return PositionRegressor(generator.calorimeter, **experiment.regressor.model_dump())


def sdi_gan_parts(experiment: SdiGanExperiment, responses: Sample, processes: Processes) -> Parts:
    """Objective, batches and validation.

    Raises:
        ValueError: If the sample does not fit the settings.
    """

    def objective(generator: Generator) -> SdiGan:
        assert isinstance(generator, SdiGanGenerator)
        discriminator = build_discriminator(experiment, generator)
        regressor = build_regressor(experiment, generator)
        return SdiGan(generator, discriminator, regressor, experiment.objective, processes)

    return validated_parts(
        experiment,
        responses,
        processes,
        lambda: build_sdi_gan_generator(experiment),
        objective,
        experiment.generator.noise_size,
        experiment.validation_draws,
        diversity=bool(experiment.objective.diversity),
    )
