"""Settings of CorrVAE, and what the loop needs to train it."""

from typing import Literal, Self

import torch
from pydantic import PositiveInt, model_validator

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.models.corrvae import CorrVaeGenerator, Decoder
from zdcsim.models.generator import Generator
from zdcsim.models.properties import properties
from zdcsim.models.shower_vae import ShowerEncoder
from zdcsim.objectives.corrvae import CorrVae, CorrVaeSettings
from zdcsim.response import Sample
from zdcsim.sample.batches import ResponseBatches
from zdcsim.training.experiment import GeneratorExperiment, Widths
from zdcsim.training.parts import Parts, response_samples
from zdcsim.training.shower_shapes import ShowerEncoderShape
from zdcsim.training.unused import check_unused
from zdcsim.training.validated import validated_parts

CHUNK = 256


class CorrVaeShape(Settings):
    """Arguments of `CorrVaeGenerator`."""

    noise_size: PositiveInt = 10
    properties: PositiveInt = 6
    decoder: Decoder = "convolutions"
    widths: Widths = (128, 64, 32)
    hidden: PositiveInt = 96
    kernels: PositiveInt = 20


class CorrVaeExperiment(GeneratorExperiment):
    """The autoencoder with controlled properties.

    Attributes:
        validation_draws: Noise draws for each validation particle.
    """

    family: Literal["corrvae"]
    generator: CorrVaeShape = CorrVaeShape()
    encoder: ShowerEncoderShape = ShowerEncoderShape()
    objective: CorrVaeSettings = CorrVaeSettings()
    validation_draws: PositiveInt = 10

    @model_validator(mode="after")
    def _nothing_of_the_other_decoder(self) -> Self:
        decoder = self.generator.decoder
        other = {
            "convolutions": ["generator.hidden", "generator.kernels"],
            "kernels": ["generator.widths", "objective.log_photon_spread"],
        }
        check_unused(self, other[decoder], f"generator.decoder is {decoder}")
        return self

    @model_validator(mode="after")
    def _properties_among_the_latent_numbers(self) -> Self:
        shape = self.generator
        if shape.properties > shape.noise_size:
            raise ValueError(
                f"generator.properties is {shape.properties}, but they are the first of the "
                f"{shape.noise_size} latent numbers (generator.noise_size); set it to at most that"
            )
        return self


def build_corrvae(experiment: CorrVaeExperiment) -> CorrVaeGenerator:
    """The generator with fresh weights and unfitted scalers."""
    detector, shape = calorimeter(experiment.data.calorimeter), experiment.generator
    return CorrVaeGenerator(detector, **shape.model_dump(), machine=experiment.data.machine)


def corrvae_parts(experiment: CorrVaeExperiment, responses: Sample, processes: Processes) -> Parts:
    """Objective, batches and validation.

    Raises:
        ValueError: If the sample does not fit the settings.
    """
    shape = experiment.generator

    def objective(generator: Generator) -> CorrVae:
        assert isinstance(generator, CorrVaeGenerator)
        train, _ = response_samples(experiment, responses)
        fit_properties(generator, train)
        encoder = ShowerEncoder(
            generator.calorimeter,
            generator.scaler,
            shape.noise_size,
            **experiment.encoder.model_dump(),
            machine=experiment.data.machine,
        )
        return CorrVae(generator, encoder, experiment.objective, processes)

    return validated_parts(
        experiment,
        responses,
        processes,
        lambda: build_corrvae(experiment),
        objective,
        shape.noise_size,
        experiment.validation_draws,
    )


def fit_properties(generator: CorrVaeGenerator, train: Sample) -> None:
    """Scale the properties by those of the training responses."""
    batches = ResponseBatches(
        train, CHUNK, 0, generator.noise_size, symmetries=False, diversity=False
    )
    head, values, impacts = generator.head, [], []
    for batch in batches.in_order():
        values.append(properties(torch.expm1(batch.log_photons)))
        impacts.append(head.features(batch.conditions)[1])
    head.scale.fit(torch.cat(values), torch.cat(impacts))
