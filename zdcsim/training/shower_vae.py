"""Settings of the shower autoencoder, and what the loop needs to train it."""

from collections.abc import Callable
from typing import Literal

from pydantic import PositiveInt

from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.models.generator import Generator
from zdcsim.models.shower_vae import ShowerEncoder, ShowerGenerator
from zdcsim.objectives.shower_vae import ShowerVae, ShowerVaeSettings
from zdcsim.response import Sample
from zdcsim.sample.batches import ResponseBatches
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.parts import Parts
from zdcsim.training.shower_shapes import ShowerEncoderShape, ShowerShape
from zdcsim.training.validated import CHUNK, Measure, validated_parts


class ShowerVaeExperiment(GeneratorExperiment):
    """The shower autoencoder; validated by a bound on its likelihood, not by distances.

    Attributes:
        validation_draws: Latents for each validation response; more bring the bound closer to the
            likelihood, which the encoder then no longer matters for.
    """

    family: Literal["shower_vae"]
    generator: ShowerShape = ShowerShape()
    encoder: ShowerEncoderShape = ShowerEncoderShape()
    objective: ShowerVaeSettings = ShowerVaeSettings()
    validation_draws: PositiveInt = 20


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
    noise_size = experiment.generator.noise_size

    def objective(generator: Generator) -> ShowerVae:
        assert isinstance(generator, ShowerGenerator)
        encoder = ShowerEncoder(
            generator.calorimeter,
            generator.scaler,
            noise_size,
            **experiment.encoder.model_dump(),
            machine=experiment.data.machine,
        )
        return ShowerVae(generator, encoder, experiment.objective, processes)

    return validated_parts(
        experiment,
        responses,
        processes,
        lambda: build_shower_generator(experiment),
        objective,
        noise_size * experiment.objective.draws,
        experiment.validation_draws,
        by_bound(noise_size, experiment.seed),
    )


def by_bound(noise_size: int, seed: int) -> Measure[ShowerVae]:
    """The mean bound over the responses, with the same draws at each call."""

    def measure(validation: Sample, objective: ShowerVae, draws: int) -> Callable[[], float]:
        ordered = ResponseBatches(
            validation, CHUNK, seed, noise_size, symmetries=False, diversity=False
        )
        return lambda: ordered.mean(lambda batch: objective.bound(batch, draws))

    return measure
