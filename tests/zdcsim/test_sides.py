"""Which rows of a sample every family trains on, scales by and validates with."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from toys import toy_responses

from detcore import checkpoint
from detcore.config import dump
from detcore.distributed import Processes
from detcore.run_folder import CONFIG, PROVENANCE
from zdcsim.conditions import VZ
from zdcsim.geometry import calorimeter
from zdcsim.models.generator import Generator
from zdcsim.response import Responses, Sample
from zdcsim.sample.split import SplitBy, split
from zdcsim.training import load_experiment
from zdcsim.training.config import FAMILIES
from zdcsim.training.corrvae import CorrVaeExperiment, build_corrvae, fit_properties
from zdcsim.training.distilled import DistilledExperiment
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.families import build_generator, generator_parts
from zdcsim.training.parts import Parts, seeded
from zdcsim.training.validated import Validated

Case = tuple[int, int, SplitBy]
"""Seed, least photo-electrons and kind of split."""

ALONE = Processes(0, 1, torch.device("cpu"))
CONFIGS = Path(__file__).parents[2] / "configs" / "zdcsim"
CONFIG_OF = [*sorted(set(FAMILIES) - {"signal"}), "shower_vae_zp"]
STAGES = ["objective.autoencoder_steps=2", "training.validate_from=2",
          "objective.autoencoder={divergence_from: 0, divergence_by: 1, draws: 2}"]  # fmt: skip
OF_ALL: Case = (1, 1, "particle")
OF_BRIGHT: Case = (5, 60, "random")


def tagged(name: str = "ZN") -> Responses:
    """Toy showers, some dark, each with a vertex of its own."""
    responses = toy_responses(20, 2, calorimeter=calorimeter(name))
    responses.conditions[:, VZ] = np.arange(40) - 20
    images = responses.dense()
    images[[3, 18, 30]] = 0
    return responses.with_counts(images, slice(None))


def tags(conditions: NDArray[np.float32] | torch.Tensor) -> set[int]:
    return {int(vertex) for vertex in conditions[:, VZ]}


class Watched:
    """A sample that notes whose conditions are read, also of what is selected from it."""

    def __init__(self, responses: Responses, seen: set[int]) -> None:
        self.responses, self.seen = responses, seen

    def __len__(self) -> int:
        return len(self.responses)

    def __getattr__(self, name: str) -> object:
        return getattr(self.responses, name)

    @property
    def conditions(self) -> NDArray[np.float32]:
        self.seen |= tags(self.responses.conditions)
        return self.responses.conditions

    def select(self, rows: NDArray[np.bool_]) -> "Watched":
        return Watched(self.responses.select(rows), self.seen)


@dataclass(frozen=True)
class Prepared:
    """What a family hands to the loop, and what it may have read.

    Attributes:
        settings: The family's.
        parts: Of a sample whose reading is noted.
        seen: Rows whose conditions were read since it was cleared.
        train: Responses of the training side.
        validation: Of the validating side.
        folder: A teacher's run, if there is one.
    """

    settings: GeneratorExperiment
    parts: Parts
    seen: set[int]
    train: Responses
    validation: Responses
    folder: Path

    @property
    def generator(self) -> Generator:
        return cast("Validated", self.parts.objective).average


def teacher_run(student: str, folder: Path) -> Path:
    """The run of a teacher that has seen other particles, with the weights it began with."""
    name = student.removeprefix("distilled_").replace("flow", "flow_matching")
    teacher = load_experiment(CONFIGS / f"{name}.yaml", STAGES if "latent" in name else [])
    assert isinstance(teacher, GeneratorExperiment)
    with seeded(1):
        generator = build_generator(teacher)
    others = toy_responses(5, 1, seed=9, calorimeter=generator.calorimeter)
    generator.scaler.fit(torch.from_numpy(others.conditions))
    dump(teacher, folder / CONFIG)
    (folder / PROVENANCE).write_text("{}")
    checkpoint.save({"weights": generator.state_dict()}, folder / checkpoint.BEST)
    return folder


def sides(responses: Responses, case: Case) -> tuple[Responses, Responses]:
    """Those that train and those that validate."""
    seed, least, by = case
    return split(responses.select(responses.photon_sum() >= least), 0.4, seed, by)


@pytest.fixture(scope="module", params=[OF_ALL, OF_BRIGHT], ids=["all", "bright"])
def case(request: pytest.FixtureRequest) -> Case:
    given: Case = request.param
    return given


@pytest.fixture(scope="module", params=CONFIG_OF)
def prepared(
    request: pytest.FixtureRequest, case: Case, tmp_path_factory: pytest.TempPathFactory
) -> Prepared:
    name, folder, (seed, least, by) = str(request.param), tmp_path_factory.mktemp("run"), case
    told = [f"seed={seed}", f"data.minimum_photons={least}", f"data.split={by}",
            "data.validation_fraction=0.4", "training.batch=32", "validation_draws=1"]  # fmt: skip
    if name.startswith("latent"):
        told += STAGES
    if name.startswith("distilled"):
        told.append(f"teacher_run={teacher_run(name, folder)}")
    settings = load_experiment(CONFIGS / f"{name}.yaml", told)
    assert isinstance(settings, GeneratorExperiment)
    responses, seen = tagged(settings.data.calorimeter), set[int]()
    parts = generator_parts(settings, cast("Sample", Watched(responses, seen)), ALONE)
    return Prepared(settings, parts, seen, *sides(responses, case), folder)


def test_the_sides_of_the_two_cases_differ() -> None:
    responses = tagged()
    found = [tags(side.conditions) for case in (OF_ALL, OF_BRIGHT)
             for side in sides(responses, case)]  # fmt: skip
    assert all(len(side) >= 8 for side in found)
    assert len({frozenset(side) for side in found}) == 4
    assert len(found[0] | found[1]) == 37
    assert tags(sides(responses, (1, 60, "random"))[0].conditions) != found[2]
    assert tags(sides(responses, (5, 60, "particle"))[0].conditions) != found[2]
    assert tags(sides(responses, (5, 1, "random"))[0].conditions) != found[2]


def test_batches_hold_the_training_side_whole_and_nothing_else(prepared: Prepared) -> None:
    train, validation = prepared.train, prepared.validation
    vertex, drawn = train.conditions[:, VZ].tolist(), set()
    light = dict(zip(vertex, train.photon_sum().tolist(), strict=True))
    for step in range(1, 9):
        batch = prepared.parts.batch_at(step)
        drawn |= tags(batch.conditions)
        assert drawn <= tags(train.conditions)
        expected = [light[each] for each in batch.conditions[:, VZ].tolist()]
        np.testing.assert_allclose(batch.photon_sum.numpy(), expected)
    assert drawn == tags(train.conditions)
    assert prepared.parts.sizes == {"training": len(train), "validation": len(validation)}


def test_conditions_are_scaled_by_the_training_side_or_as_a_teacher_does(
    prepared: Prepared,
) -> None:
    scaler = prepared.generator.scaler
    if isinstance(prepared.settings, DistilledExperiment):
        learnt = checkpoint.load(prepared.folder / checkpoint.BEST)["weights"]
        assert torch.equal(scaler.mean, learnt["scaler.mean"])
        assert torch.equal(scaler.scale, learnt["scaler.scale"])
        return
    train = prepared.train.conditions.astype(np.float64)
    spread = np.where(np.ptp(train, axis=0) == 0, 1.0, train.std(axis=0))
    np.testing.assert_allclose(scaler.mean.numpy(), train.mean(axis=0), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(scaler.scale.numpy(), spread, rtol=1e-6)


def test_the_validating_side_alone_validates(prepared: Prepared) -> None:
    prepared.seen.clear()
    assert np.isfinite(prepared.parts.validate())
    assert prepared.seen == tags(prepared.validation.conditions)


@pytest.mark.parametrize("prepared", ["corrvae", "corrvae_kernels"], indirect=True)
def test_properties_are_scaled_by_the_training_side(prepared: Prepared) -> None:
    assert isinstance(prepared.settings, CorrVaeExperiment)
    with seeded(1):
        expected = build_corrvae(prepared.settings)
    expected.scaler.fit(torch.from_numpy(prepared.train.conditions))
    fit_properties(expected, prepared.train)
    scales = expected.head.scale.state_dict()
    found = prepared.generator.get_submodule("head.scale").state_dict()
    assert len(scales) > 1
    assert all(torch.equal(found[name], each) for name, each in scales.items())
