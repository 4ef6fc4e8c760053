"""Students of flow matching: the loss, what learns, and the way from a teacher's run."""

import shutil
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from toys import toy_conditions, toy_responses

from detcore.config import dump
from detcore.distributed import Processes
from zdcsim.geometry import ZN
from zdcsim.losses.distillation import distillation_loss
from zdcsim.models.flow_matching import FlowTransport
from zdcsim.models.latent_denoiser import LatentDenoiser
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.shower_vae import ShowerGenerator
from zdcsim.models.transport import Transport
from zdcsim.objectives.distillation import Distillation, DistillationSettings
from zdcsim.objectives.optimiser import AdamSettings
from zdcsim.sample.batches import ResponseBatches
from zdcsim.training import load_experiment, load_generator, train
from zdcsim.training.distilled import DistilledExperiment, check_guidance
from zdcsim.training.validated import by_matching

CONFIGS = Path(__file__).parents[2] / "configs" / "zdcsim"
RESPONSES = toy_responses(12, 4)
BATCHES = ResponseBatches(RESPONSES, 16, 1, 10, symmetries=True)
SMALL = ["training.steps=4", "training.validate_every=2", "training.batch=8",
         "tracking.enabled=false"]  # fmt: skip
TEACHER_SMALL = ["objective.autoencoder_steps=2", "training.validate_from=2"]


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
    assert isinstance(settings, DistilledExperiment)
    for share in (0.0, 0.1):
        told = load_experiment(CONFIGS / "flow_matching.yaml", [f"objective.hidden_share={share}"])
        dump(told, tmp_path / "config.yaml")
        refused = pytest.raises(ValueError, match=rf"{part}\.guidance is 2, but objective\.hidden_")
        with nullcontext() if share else refused:
            check_guidance(settings)
