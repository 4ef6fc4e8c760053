"""Students of flow matching: the loss, what learns, and the way from a teacher's run."""

import json
import re
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toys import toy_conditions, toy_responses

from detcore.config import Settings, dump
from detcore.distributed import Processes
from zdcsim.evaluation.held_out import learnt_from
from zdcsim.geometry import ZN
from zdcsim.io.lineage import MADE_OF
from zdcsim.losses.distillation import distillation_loss
from zdcsim.models.flow_matching import FlowTransport
from zdcsim.models.latent_denoiser import LatentDenoiser
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.ode_sampler import Integrator
from zdcsim.models.sampler import followed, sampler
from zdcsim.models.scale import scaled
from zdcsim.models.shower_vae import ShowerGenerator
from zdcsim.models.transport import Transport
from zdcsim.objectives.distillation import Distillation, DistillationSettings
from zdcsim.objectives.optimiser import AdamSettings
from zdcsim.sample.batches import ResponseBatches
from zdcsim.training import load_experiment, load_generator, train
from zdcsim.training.distilled import DistilledExperiment
from zdcsim.training.families import build_generator
from zdcsim.training.teacher import check_teacher
from zdcsim.training.validated import by_matching

CONFIGS = Path(__file__).parents[2] / "configs" / "zdcsim"
RESPONSES = toy_responses(12, 4)
BATCHES = ResponseBatches(RESPONSES, 16, 1, 10, symmetries=True)
SMALL = ["training.steps=4", "training.validate_every=2", "training.batch=8",
         "tracking.enabled=false"]  # fmt: skip
TEACHER_SMALL = ["objective.autoencoder_steps=2", "training.validate_from=2",
                 "objective.autoencoder={divergence_from: 0, divergence_by: 1}"]  # fmt: skip


def latent(steps: int) -> LatentGenerator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        decoder = ShowerGenerator(ZN, hidden=16, kernels=4)
        denoiser = LatentDenoiser(ZN, 10, hidden=16)
    generator = LatentGenerator(decoder, FlowTransport(denoiser, 1.0, steps, "euler"))
    generator.scaler.fit(torch.from_numpy(toy_conditions(50, np.random.default_rng(3))))
    return generator


def distillation() -> tuple[Distillation, Transport]:
    settings = DistillationSettings(ema=0.5, optimiser=AdamSettings(learning_rate=1e-2))
    teacher = latent(steps=8)
    alone = Processes(0, 1, torch.device("cpu"))
    return Distillation(latent(steps=1), teacher, settings, alone), teacher.transport


def test_the_loss_is_the_mean_squared_distance() -> None:
    student, teacher = (
        torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        torch.tensor([[1.0, 0.0], [0.0, 4.0]]),
    )
    assert float(distillation_loss(student, teacher)) == pytest.approx(13 / 4)


def test_the_loss_compares_the_ends_of_the_same_noise() -> None:
    objective, teacher = distillation()
    batch = BATCHES(1)
    loss, _ = objective.loss(objective.networks, batch)
    student = objective.networks[0]
    assert isinstance(student, LatentGenerator)
    noise = batch.noise[:, 0]
    apart = student.transport(noise, batch.conditions) - teacher(noise, batch.conditions)
    torch.testing.assert_close(loss, (apart**2).mean())
    assert loss.item() > 1e-4


def test_a_student_is_validated_by_its_distance_from_the_teacher() -> None:
    objective, teacher = distillation()
    objective.step(BATCHES(1))
    average = objective.average
    assert isinstance(average, LatentGenerator)
    conditions = torch.from_numpy(RESPONSES.conditions)
    expected = []
    for draw in range(2):
        shape = (len(RESPONSES), 2, 10)
        noise = torch.from_numpy(
            np.random.default_rng(5 + draw).standard_normal(shape, np.float32)
        )[:, 0]
        with torch.no_grad():
            apart = average.transport(noise, conditions) - teacher(noise, conditions)
        expected.append(float((apart**2).mean()))
    found = by_matching(10, 5)(RESPONSES, objective, 2)
    assert found() == found() == pytest.approx(np.mean(expected), rel=1e-5)


def test_only_the_students_transport_learns_and_comes_nearer() -> None:
    objective, teacher = distillation()
    held = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    before = {name: tensor.clone() for name, tensor in objective.networks[0].named_parameters()}
    losses = [objective.step(BATCHES(1))["distillation"] for _ in range(60)]
    assert losses[-1] < 0.3 * losses[0]
    for name, tensor in objective.networks[0].named_parameters():
        assert torch.equal(tensor, before[name]) != name.startswith("transport."), name
    assert all(torch.equal(teacher.state_dict()[name], tensor) for name, tensor in held.items())


@pytest.mark.parametrize(
    ("family", "teacher"),
    [("distilled_flow", "flow_matching"), ("distilled_latent_flow", "latent_flow_matching")],
)
def test_a_student_starts_from_its_teachers_run(family: str, teacher: str, tmp_path: Path) -> None:
    overrides = SMALL + (TEACHER_SMALL if teacher.startswith("latent") else [])
    train(load_experiment(CONFIGS / f"{teacher}.yaml", overrides), RESPONSES, tmp_path / "teacher")
    frozen = [*SMALL, f"teacher_run={tmp_path / 'teacher'}", "objective.optimiser.learning_rate=0"]
    train(load_experiment(CONFIGS / f"{family}.yaml", frozen), RESPONSES, tmp_path / "student")
    taught, student = (load_generator(tmp_path / name) for name in ("teacher", "student"))
    other = student.state_dict()
    assert all(torch.equal(other[name], tensor) for name, tensor in taught.state_dict().items())
    assert isinstance(student.get_submodule("transport"), FlowTransport)
    assert student.get_submodule("transport").steps == 1


def test_a_student_does_not_go_on_with_another_teacher(tmp_path: Path) -> None:
    teacher, student = tmp_path / "teacher", tmp_path / "student"
    config = CONFIGS / "latent_flow_matching.yaml"
    train(load_experiment(config, [*SMALL, *TEACHER_SMALL]), RESPONSES, teacher)
    told = [*SMALL, f"teacher_run={teacher}"]
    settings = load_experiment(CONFIGS / "distilled_latent_flow.yaml", told)
    train(settings, RESPONSES, student)
    train(settings, RESPONSES, student, resume=True)
    shutil.rmtree(teacher)
    other = [*SMALL, *TEACHER_SMALL, "seed=2"]
    train(load_experiment(config, other), RESPONSES, teacher)
    with pytest.raises(ValueError, match=r"trained on other data \(data\.teacher_sha256: "):
        train(settings, RESPONSES, student, resume=True)


def test_a_teacher_of_another_size_is_named(tmp_path: Path) -> None:
    overrides = [*SMALL, *TEACHER_SMALL, "denoiser.hidden=16"]
    config = CONFIGS / "latent_flow_matching.yaml"
    train(load_experiment(config, overrides), RESPONSES, tmp_path / "teacher")
    student = [*SMALL, f"teacher_run={tmp_path / 'teacher'}"]
    settings = load_experiment(CONFIGS / "distilled_latent_flow.yaml", student)
    with pytest.raises(ValueError, match="teacher are of other networks than the student"):
        train(settings, RESPONSES, tmp_path / "student")


@pytest.mark.parametrize("part", ["teacher", "transport"])
def test_guidance_by_a_teacher_told_of_every_particle_is_refused(part: str, tmp_path: Path) -> None:
    config = CONFIGS / "distilled_flow.yaml"
    settings = load_experiment(config, [f"teacher_run={tmp_path}", f"{part}.guidance=2.0"])
    for share in (0.0, 0.1):
        told = load_experiment(CONFIGS / "flow_matching.yaml", [f"objective.hidden_share={share}"])
        dump(told, tmp_path / "config.yaml")
        refused = pytest.raises(ValueError, match=rf"{part}\.guidance is 2, but objective\.hidden_")
        with nullcontext() if share else refused:
            checked(settings)


def checked(settings: Settings) -> None:
    """Compare a student's settings with those of its teacher, as its training does."""
    assert isinstance(settings, DistilledExperiment)
    shapes = {"teacher": settings.teacher, "transport": settings.transport}
    check_teacher(settings.teacher_run, settings.learns_from, settings, shapes)


OTHER_BEAM = ["data.beam_momentum_gev=6800", "data.symmetries=false"]


@pytest.mark.parametrize(
    ("student", "teacher", "other", "told"),
    [
        ("distilled_flow", "flow_matching", [], ""),
        ("distilled_latent_flow", "latent_flow_matching", [], ""),
        ("distilled_flow", "diffusion", [], "holds a diffusion run, but distilled_flow learns"),
        ("distilled_flow", "distilled_flow", [], "holds a distilled_flow run, but distilled_flow"),
        ("distilled_flow", "latent_flow_matching", [], "learns from flow_matching; name a run"),
        ("distilled_latent_flow", "latent_diffusion", [], "learns from latent_flow_matching; name"),
        ("distilled_flow", "flow_matching", OTHER_BEAM,
         "data.beam_momentum_gev is None, but the teacher T was trained with 6800.0"),
        ("distilled_flow", "flow_matching", ["data.calorimeter=ZP"],
         "data.calorimeter is 'ZN', but the teacher T was trained with 'ZP'; a student goes on"),
        ("distilled_flow", "flow_matching", ["transport.spread=0.5"],
         "teacher.spread is 0.35, but the teacher T was trained with 0.5; a student goes on"),
        ("distilled_latent_flow", "latent_flow_matching", ["transport.spread=0.9"],
         "teacher.spread is 1.0, but the teacher T was trained with 0.9"),
    ],
)  # fmt: skip
def test_a_teacher_whose_weights_fit_and_mean_something_else_is_refused(
    student: str, teacher: str, other: list[str], told: str, tmp_path: Path
) -> None:
    """All of these have the same names and shapes of weights, or could have."""
    dump(load_experiment(CONFIGS / f"{teacher}.yaml", other), tmp_path / "config.yaml")
    settings = load_experiment(CONFIGS / f"{student}.yaml", [f"teacher_run={tmp_path}"])
    said = re.escape(told.replace("teacher T", f"teacher {tmp_path}"))
    with pytest.raises(ValueError, match=said) if told else nullcontext():
        checked(settings)


def test_the_students_own_spread_is_that_of_its_teacher(tmp_path: Path) -> None:
    dump(load_experiment(CONFIGS / "flow_matching.yaml"), tmp_path / "config.yaml")
    overrides = [f"teacher_run={tmp_path}", "transport.spread=0.5"]
    with pytest.raises(ValueError, match=r"transport\.spread is 0\.5, but the teacher .* 0\.35; a"):
        checked(load_experiment(CONFIGS / "distilled_flow.yaml", overrides))


@pytest.mark.parametrize("family", ["distilled_flow", "distilled_latent_flow"])
@pytest.mark.parametrize("factor", [1.0, 1.2])
@pytest.mark.parametrize(
    ("steps", "integrator"), [(4, None), (None, "heun"), (1, "euler"), (0, None)]
)
def test_a_student_goes_the_way_that_it_learnt(
    family: str, factor: float, steps: int | None, integrator: Integrator | None
) -> None:
    settings = load_experiment(CONFIGS / f"{family}.yaml")
    assert isinstance(settings, DistilledExperiment)
    student = scaled(build_generator(settings), factor)
    assert sampler(student) == {"method": "euler", "steps": 1, "evaluations": 1}
    with pytest.raises(ValueError, match=r"the way that it learnt, steps: 1 by euler, and no oth"):
        followed(student, steps, integrator)


def test_a_students_record_names_its_teachers_data(tmp_path: Path) -> None:
    """The held-out check of a bundle of the student refuses what only its teacher has seen."""
    teacher, student = tmp_path / "teacher", tmp_path / "student"
    config = CONFIGS / "latent_flow_matching.yaml"
    seen = replace(RESPONSES, provenance={MADE_OF: ["library", "another"]})
    told = load_experiment(config, [*SMALL, *TEACHER_SMALL])
    train(told, seen, teacher, checksum="first second")
    settings = load_experiment(
        CONFIGS / "distilled_latent_flow.yaml", [*SMALL, f"teacher_run={teacher}"]
    )
    train(settings, RESPONSES, student, checksum="third")
    record = json.loads((student / "provenance.json").read_text())
    assert record["data"]["sha256"] == "third"
    assert record["data"]["teacher_data_sha256"] == "first second"
    model = {"training": {"data_sha256": "third", "generator": record, "classifier": {}}}
    trained, sources = learnt_from(model)
    assert trained == {"first", "second", "third"}
    assert sources == {"library", "another"}
