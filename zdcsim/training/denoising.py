"""Settings of flow matching and diffusion in pixels, and what the loop needs to train them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.models.diffusion import DiffusionTransport
from zdcsim.models.diffusion_schedule import Prediction, Schedule
from zdcsim.models.flow_matching import FlowTransport
from zdcsim.models.generator import Generator
from zdcsim.models.ode_sampler import Integrator
from zdcsim.models.pixel_generator import PixelGenerator
from zdcsim.models.unet import UNet
from zdcsim.objectives.denoising import Denoising, MatchingSettings
from zdcsim.objectives.ranges import Spread
from zdcsim.response import Sample
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.parts import Parts
from zdcsim.training.validated import by_matching, validated_parts

Guidance = Annotated[float, Field(allow_inf_nan=False)]


class UNetShape(Settings):
    """Arguments of `UNet`."""

    widths: tuple[PositiveInt, PositiveInt] = (24, 48)
    hidden: PositiveInt = 64


class FlowShape(Settings):
    """Arguments of `FlowTransport`."""

    spread: Spread = 0.35
    steps: PositiveInt = 8
    integrator: Integrator = "heun"
    guidance: Guidance = 0.0


class DiffusionShape(Settings):
    """Arguments of `DiffusionTransport`."""

    spread: Spread = 0.35
    schedule: Schedule = "cosine"
    training_steps: Annotated[int, Field(ge=2)] = 1000
    prediction: Prediction = "velocity"
    steps: PositiveInt = 16
    guidance: Guidance = 0.0


def check_told(
    name: str, shape: FlowShape | DiffusionShape, hidden_share: float, teacher: Path | None = None
) -> None:
    """Refuse to guide a network that was told of every particle.

    Arguments:
        name: Of the settings of `shape`.
        shape: How the path is followed.
        hidden_share: Of the particles that the network was not told.
        teacher: Its run folder, if it learns in another run.

    Raises:
        ValueError: If that is asked for.
    """
    if not shape.guidance or hidden_share:
        return
    whose, remedy = "", "hide a share, such as 0.1"
    if teacher is not None:
        whose = f" of the teacher {teacher}"
        remedy = "train a teacher that hides a share, such as 0.1"
    raise ValueError(
        f"{name}.guidance is {shape.guidance:g}, but objective.hidden_share{whose} is 0: a network "
        f"that was told of every particle cannot be guided away from none; {remedy}"
    )


class TransportExperiment(GeneratorExperiment):
    """What all that move noise have.

    Attributes:
        objective: How the path is learnt.
        transport: How it is followed.
    """

    objective: MatchingSettings = MatchingSettings()
    transport: FlowShape | DiffusionShape

    @model_validator(mode="after")
    def _guided_if_learnt_without_particles_too(self) -> Self:
        check_told("transport", self.transport, self.objective.hidden_share)
        return self


class PixelExperiment(TransportExperiment):
    """What both have.

    Attributes:
        denoiser: The network.
        noise_size: Normal numbers that the exported generator takes.
        validation_draws: Noise draws and times for each validation response.
    """

    denoiser: UNetShape = UNetShape()
    noise_size: PositiveInt = 10
    validation_draws: PositiveInt = 10


class FlowMatchingExperiment(PixelExperiment):
    """Flow matching in pixels."""

    family: Literal["flow_matching"]
    transport: FlowShape = FlowShape()


class DiffusionExperiment(PixelExperiment):
    """Diffusion in pixels."""

    family: Literal["diffusion"]
    transport: DiffusionShape = DiffusionShape()


def build_flow_matching(experiment: FlowMatchingExperiment) -> PixelGenerator:
    """The generator with fresh weights and an unfitted scaler."""
    detector, machine = calorimeter(experiment.data.calorimeter), experiment.data.machine
    network = UNet(detector, **experiment.denoiser.model_dump(), machine=machine)
    transport = FlowTransport(network, **experiment.transport.model_dump())
    return PixelGenerator(detector, transport, experiment.noise_size)


def build_diffusion(experiment: DiffusionExperiment) -> PixelGenerator:
    """The generator with fresh weights and an unfitted scaler."""
    detector, machine = calorimeter(experiment.data.calorimeter), experiment.data.machine
    network = UNet(detector, **experiment.denoiser.model_dump(), machine=machine)
    transport = DiffusionTransport(network, **experiment.transport.model_dump())
    return PixelGenerator(detector, transport, experiment.noise_size)


def flow_matching_parts(
    experiment: FlowMatchingExperiment, responses: Sample, processes: Processes
) -> Parts:
    """Objective, batches and validation; arguments and errors of `pixel_parts`."""
    return pixel_parts(experiment, lambda: build_flow_matching(experiment), responses, processes)


def diffusion_parts(
    experiment: DiffusionExperiment, responses: Sample, processes: Processes
) -> Parts:
    """Objective, batches and validation; arguments and errors of `pixel_parts`."""
    return pixel_parts(experiment, lambda: build_diffusion(experiment), responses, processes)


def pixel_parts(
    experiment: PixelExperiment,
    build: Callable[[], PixelGenerator],
    responses: Sample,
    processes: Processes,
) -> Parts:
    """Objective, batches and validation.

    Raises:
        ValueError: If the sample does not fit the settings.
    """

    def objective(generator: Generator) -> Denoising:
        assert isinstance(generator, PixelGenerator)
        return Denoising(generator, experiment.objective, processes)

    fibres = responses.calorimeter.nx * responses.calorimeter.ny
    return validated_parts(
        experiment,
        responses,
        processes,
        build,
        objective,
        fibres,
        experiment.validation_draws,
        by_matching(fibres, experiment.seed),
    )
