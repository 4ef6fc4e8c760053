"""Settings of flow matching and diffusion in a latent, and what the loop needs to train them."""

from collections.abc import Callable
from typing import Literal, Self

from pydantic import PositiveInt, model_validator

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.models.diffusion import DiffusionTransport
from zdcsim.models.flow_matching import FlowTransport
from zdcsim.models.generator import Generator
from zdcsim.models.latent_denoiser import LatentDenoiser
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.shower_vae import ShowerEncoder, ShowerGenerator
from zdcsim.objectives.latent import LatentMatching, LatentMatchingSettings, noise_numbers
from zdcsim.response import Sample
from zdcsim.training.denoising import DiffusionShape, FlowShape, TransportExperiment
from zdcsim.training.parts import Parts
from zdcsim.training.shower_shapes import ShowerEncoderShape, ShowerShape
from zdcsim.training.validated import by_matching, validated_parts


class LatentDenoiserShape(Settings):
    """Arguments of `LatentDenoiser`."""

    hidden: PositiveInt = 128


class LatentExperiment(TransportExperiment):
    """What both have.

    Attributes:
        decoder: Of the shower autoencoder; its noise is the latent.
        encoder: Of the shower autoencoder.
        denoiser: The network in the latent.
        validation_draws: Noise draws and times for each validation response.
    """

    decoder: ShowerShape = ShowerShape()
    encoder: ShowerEncoderShape = ShowerEncoderShape()
    denoiser: LatentDenoiserShape = LatentDenoiserShape()
    objective: LatentMatchingSettings = LatentMatchingSettings()
    validation_draws: PositiveInt = 10

    @model_validator(mode="after")
    def _first_stage_ends_with_its_own_bound(self) -> Self:
        stage, full = self.objective.autoencoder_steps, self.objective.autoencoder.divergence_by
        if stage <= full:
            raise ValueError(
                f"objective.autoencoder_steps is {stage}, but the autoencoder pays its divergence "
                f"in full only from step {full} (objective.autoencoder.divergence_by) and comes to "
                "the importance-weighted bound after it; train it longer than that, or set "
                "divergence_from and divergence_by lower"
            )
        return self

    @model_validator(mode="after")
    def _first_stage_is_not_validated(self) -> Self:
        first, stage = self.training.validate_from, self.objective.autoencoder_steps
        if first < stage:
            raise ValueError(
                f"training.validate_from is {first}, in the first stage, which ends at step "
                f"{stage} (objective.autoencoder_steps); validate from there on, or the best "
                "weights may be those of the autoencoder alone"
            )
        return self


class LatentFlowMatchingExperiment(LatentExperiment):
    """Flow matching in the latent of the shower autoencoder."""

    family: Literal["latent_flow_matching"]
    transport: FlowShape = FlowShape(spread=1.0, steps=4)


class LatentDiffusionExperiment(LatentExperiment):
    """Diffusion in the latent of the shower autoencoder."""

    family: Literal["latent_diffusion"]
    transport: DiffusionShape = DiffusionShape(spread=1.0, steps=8)


def build_latent_flow_matching(experiment: LatentFlowMatchingExperiment) -> LatentGenerator:
    """The generator with fresh weights and an unfitted scaler."""
    decoder, denoiser = _networks(experiment)
    transport = FlowTransport(denoiser, **experiment.transport.model_dump())
    return LatentGenerator(decoder, transport)


def build_latent_diffusion(experiment: LatentDiffusionExperiment) -> LatentGenerator:
    """The generator with fresh weights and an unfitted scaler."""
    decoder, denoiser = _networks(experiment)
    transport = DiffusionTransport(denoiser, **experiment.transport.model_dump())
    return LatentGenerator(decoder, transport)


def _networks(experiment: LatentExperiment) -> tuple[ShowerGenerator, LatentDenoiser]:
    detector, machine = calorimeter(experiment.data.calorimeter), experiment.data.machine
    decoder = ShowerGenerator(detector, **experiment.decoder.model_dump(), machine=machine)
    denoiser = LatentDenoiser(
        detector, decoder.noise_size, **experiment.denoiser.model_dump(), machine=machine
    )
    return decoder, denoiser


def latent_flow_matching_parts(
    experiment: LatentFlowMatchingExperiment, responses: Sample, processes: Processes
) -> Parts:
    """Objective, batches and validation; arguments and errors of `latent_parts`."""
    return latent_parts(
        experiment, lambda: build_latent_flow_matching(experiment), responses, processes
    )


def latent_diffusion_parts(
    experiment: LatentDiffusionExperiment, responses: Sample, processes: Processes
) -> Parts:
    """Objective, batches and validation; arguments and errors of `latent_parts`."""
    return latent_parts(
        experiment, lambda: build_latent_diffusion(experiment), responses, processes
    )


def latent_parts(
    experiment: LatentExperiment,
    build: Callable[[], LatentGenerator],
    responses: Sample,
    processes: Processes,
) -> Parts:
    """Objective, batches and validation.

    Raises:
        ValueError: If the sample does not fit the settings.
    """

    def objective(generator: Generator) -> LatentMatching:
        assert isinstance(generator, LatentGenerator)
        encoder = ShowerEncoder(
            generator.calorimeter,
            generator.scaler,
            generator.noise_size,
            **experiment.encoder.model_dump(),
            machine=experiment.data.machine,
        )
        return LatentMatching(generator, encoder, experiment.objective, processes)

    noise_size = noise_numbers(experiment.decoder.noise_size, experiment.objective)
    return validated_parts(
        experiment,
        responses,
        processes,
        build,
        objective,
        noise_size,
        experiment.validation_draws,
        by_matching(noise_size, experiment.seed),
    )
