"""Settings of students of flow matching, and what the loop needs to train them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import PositiveInt

from detcore.distributed import Processes
from zdcsim.geometry import calorimeter
from zdcsim.models.denoiser import Denoiser
from zdcsim.models.flow_matching import FlowTransport
from zdcsim.models.generator import Generator
from zdcsim.models.latent_denoiser import LatentDenoiser
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.pixel_generator import PixelGenerator
from zdcsim.models.shower_vae import ShowerGenerator
from zdcsim.models.unet import UNet
from zdcsim.objectives.distillation import (
    Distillation,
    DistillationSettings,
    TransportGenerator,
)
from zdcsim.response import Sample
from zdcsim.training.denoising import (
    FlowMatchingExperiment,
    FlowShape,
    TransportExperiment,
    UNetShape,
)
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.latent import LatentDenoiserShape, LatentFlowMatchingExperiment
from zdcsim.training.parts import Parts
from zdcsim.training.shower_shapes import ShowerShape
from zdcsim.training.teacher import check_teacher, load_teacher, teacher_digests
from zdcsim.training.validated import by_matching, validated_parts


class DistilledExperiment(GeneratorExperiment):
    """What both have. Sizes and data must be those of the teacher.

    Attributes:
        learns_from: Settings of the family of the teacher.
        teacher_run: Run folder of the teacher.
        teacher: How the teacher's flow is followed.
        transport: How the student's is.
        validation_draws: Noise draws for each validation particle.
    """

    learns_from: ClassVar[type[TransportExperiment]]
    teacher_run: Path
    teacher: FlowShape
    transport: FlowShape
    objective: DistillationSettings = DistillationSettings()
    validation_draws: PositiveInt = 4


class DistilledFlowExperiment(DistilledExperiment):
    """A student of flow matching in pixels."""

    learns_from = FlowMatchingExperiment
    family: Literal["distilled_flow"]
    teacher: FlowShape = FlowShape()
    transport: FlowShape = FlowShape(steps=1, integrator="euler")
    denoiser: UNetShape = UNetShape()
    noise_size: PositiveInt = 10


class DistilledLatentFlowExperiment(DistilledExperiment):
    """A student of flow matching in the latent of the shower autoencoder."""

    learns_from = LatentFlowMatchingExperiment
    family: Literal["distilled_latent_flow"]
    teacher: FlowShape = FlowShape(spread=1.0, steps=16)
    transport: FlowShape = FlowShape(spread=1.0, steps=1, integrator="euler")
    decoder: ShowerShape = ShowerShape()
    denoiser: LatentDenoiserShape = LatentDenoiserShape()


def build_distilled_flow(experiment: DistilledFlowExperiment) -> PixelGenerator:
    """The student with fresh weights and an unfitted scaler."""
    return _pixel_flow(experiment, experiment.transport)


def build_distilled_latent_flow(experiment: DistilledLatentFlowExperiment) -> LatentGenerator:
    """The student with fresh weights and an unfitted scaler."""
    return _latent_flow(experiment, experiment.transport)


def _pixel_flow(experiment: DistilledFlowExperiment, shape: FlowShape) -> PixelGenerator:
    detector, machine = calorimeter(experiment.data.calorimeter), experiment.data.machine
    network = UNet(detector, **experiment.denoiser.model_dump(), machine=machine)
    transport = _followed(network, shape, experiment)
    return PixelGenerator(detector, transport, experiment.noise_size)


def _latent_flow(experiment: DistilledLatentFlowExperiment, shape: FlowShape) -> LatentGenerator:
    detector, machine = calorimeter(experiment.data.calorimeter), experiment.data.machine
    decoder = ShowerGenerator(detector, **experiment.decoder.model_dump(), machine=machine)
    network = LatentDenoiser(
        detector, decoder.noise_size, **experiment.denoiser.model_dump(), machine=machine
    )
    return LatentGenerator(decoder, _followed(network, shape, experiment))


def _followed(
    network: Denoiser, shape: FlowShape, experiment: DistilledExperiment
) -> FlowTransport:
    """The transport of the teacher or, in one way only, of the student."""
    student = shape is experiment.transport
    return FlowTransport(network, **shape.model_dump(), one_way=student)


def distilled_flow_parts(
    experiment: DistilledFlowExperiment, responses: Sample, processes: Processes
) -> Parts:
    """Objective, batches and validation; arguments and errors of `distilled_parts`."""
    fibres = responses.calorimeter.nx * responses.calorimeter.ny
    return distilled_parts(
        experiment, lambda shape: _pixel_flow(experiment, shape), fibres, responses, processes
    )


def distilled_latent_flow_parts(
    experiment: DistilledLatentFlowExperiment, responses: Sample, processes: Processes
) -> Parts:
    """Objective, batches and validation; arguments and errors of `distilled_parts`."""
    numbers = experiment.decoder.noise_size
    return distilled_parts(
        experiment, lambda shape: _latent_flow(experiment, shape), numbers, responses, processes
    )


def distilled_parts(
    experiment: DistilledExperiment,
    build: Callable[[FlowShape], TransportGenerator],
    noise_size: int,
    responses: Sample,
    processes: Processes,
) -> Parts:
    """Objective, batches and validation.

    Raises:
        ValueError: If sample, settings and teacher do not fit each other.
    """
    run = experiment.teacher_run
    shapes = {"teacher": experiment.teacher, "transport": experiment.transport}
    check_teacher(run, experiment.learns_from, experiment, shapes)

    def objective(student: Generator) -> Distillation:
        assert isinstance(student, TransportGenerator)
        teacher = build(experiment.teacher)
        for network in (teacher, student):
            load_teacher(network, run)
        return Distillation(student, teacher, experiment.objective, processes)

    parts = validated_parts(
        experiment,
        responses,
        processes,
        lambda: build(experiment.transport),
        objective,
        noise_size,
        experiment.validation_draws,
        by_matching(noise_size, experiment.seed),
    )
    return replace(parts, digests=teacher_digests(run))
