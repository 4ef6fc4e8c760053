"""Settings of the convolutional autoencoder, and what the loop needs to train it."""

from typing import Literal

from pydantic import PositiveInt

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.models.conv_vae import ConvVaeEncoder, ConvVaeGenerator, Known
from zdcsim.models.generator import Generator
from zdcsim.objectives.conv_vae import ConvVae, ConvVaeSettings
from zdcsim.response import Sample
from zdcsim.training.experiment import GeneratorExperiment, Widths
from zdcsim.training.parts import Parts
from zdcsim.training.validated import validated_parts


class ConvVaeShape(Settings):
    """Arguments of `ConvVaeGenerator` and, the widths in reverse, of `ConvVaeEncoder`."""

    noise_size: PositiveInt = 10
    widths: Widths = (128, 64, 32)
    known: Known = "conditions"


class ConvVaeExperiment(GeneratorExperiment):
    """The convolutional autoencoder.

    Attributes:
        validation_draws: Noise draws for each validation particle.
    """

    family: Literal["conv_vae"]
    generator: ConvVaeShape = ConvVaeShape()
    objective: ConvVaeSettings = ConvVaeSettings()
    validation_draws: PositiveInt = 10


def build_conv_vae(experiment: ConvVaeExperiment) -> ConvVaeGenerator:
    """The decoder with fresh weights and an unfitted scaler."""
    detector, shape = calorimeter(experiment.data.calorimeter), experiment.generator
    return ConvVaeGenerator(detector, **shape.model_dump(), machine=experiment.data.machine)


def conv_vae_parts(experiment: ConvVaeExperiment, responses: Sample, processes: Processes) -> Parts:
    """Objective, batches and validation.

    Raises:
        ValueError: If the sample does not fit the settings.
    """

    def objective(generator: Generator) -> ConvVae:
        assert isinstance(generator, ConvVaeGenerator)
        shape = experiment.generator
        widths = shape.widths[2], shape.widths[1], shape.widths[0]
        encoder = ConvVaeEncoder(
            generator.calorimeter,
            generator.scaler,
            shape.noise_size,
            widths,
            shape.known,
            experiment.data.machine,
        )
        return ConvVae(generator, encoder, experiment.objective, processes)

    return validated_parts(
        experiment,
        responses,
        processes,
        lambda: build_conv_vae(experiment),
        objective,
        noise_size=experiment.generator.noise_size,
        draws=experiment.validation_draws,
    )
