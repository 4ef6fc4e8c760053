"""The classifier's particles: what light they left, which side they are on, how they are drawn."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from toys import toy_responses

from detcore.distributed import Processes
from zdcsim.conditions import ENERGY, PX, PY, VZ
from zdcsim.geometry import ZN
from zdcsim.objectives.signal import Signal
from zdcsim.response import Responses
from zdcsim.sample.batches import SignalBatch, SignalBatches
from zdcsim.sample.split import SplitBy, uniform_hash
from zdcsim.sample.symmetry import symmetries_of
from zdcsim.training import load_experiment
from zdcsim.training.signal import SignalExperiment, signal_parts, signal_samples

CONFIG = Path(__file__).parents[2] / "configs" / "zdcsim" / "signal.yaml"
LIGHT = (0, 1, 2, 50, 0, 100, 101)
ENOUGH_GEV = 400.0


def dim() -> Responses:
    """Responses of few photo-electrons or none, each with a vertex of its own."""
    responses = toy_responses(30, 2)
    responses.conditions[:, VZ] = np.arange(60)
    images = np.zeros((60, *ZN.shape))
    images[:, 20, 7] = [LIGHT[row % len(LIGHT)] for row in range(60)]
    return responses.with_counts(images, slice(None))


def missed() -> NDArray[np.float32]:
    """Conditions of particles that left no light, each with a vertex of its own."""
    conditions = toy_responses(25, 1, seed=5).conditions
    conditions[:, VZ] = -1 - np.arange(25)
    return conditions


def by_vertex(particles: SignalBatch) -> dict[float, float]:
    """The light of every particle."""
    vertices = particles.conditions[:, VZ].tolist()
    return dict(zip(vertices, particles.light.tolist(), strict=True))


@pytest.mark.parametrize("seed", [1, 4])
@pytest.mark.parametrize("by", ["particle", "random"])
def test_every_particle_is_on_its_side_once_with_its_light(by: SplitBy, seed: int) -> None:
    responses, without = dim(), missed()
    expected: tuple[dict[float, float], dict[float, float]] = ({}, {})
    for row in range(len(responses)):
        key = responses.particle[row] if by == "particle" else row
        validates = int(uniform_hash(np.array([key]), seed)[0] < 0.3)
        photons = responses.dense(np.array([row])).sum()
        expected[validates][float(row)] = 1.0 if photons >= 1 else 0.0
    for row in range(len(without)):
        validates = int(uniform_hash(np.array([row]), seed)[0] < 0.3)
        expected[validates][float(-1 - row)] = 0.0
    every = np.concatenate([responses.conditions, without])
    for side, wanted in zip(
        signal_samples(responses, without, 0.3, seed, by), expected, strict=True
    ):
        assert by_vertex(side) == wanted
        assert len(side.light) == len(wanted) > 10
        rows = np.isin(every[:, VZ], list(wanted))
        np.testing.assert_array_equal(side.conditions.numpy(), every[rows])


@pytest.mark.parametrize("symmetries", [None, symmetries_of(ZN)], ids=["as it is", "symmetries"])
def test_drawn_particles_keep_their_own_light(symmetries: NDArray[np.int64] | None) -> None:
    conditions = toy_responses(40, 1).conditions
    light = torch.from_numpy((conditions[:, ENERGY] > ENOUGH_GEV).astype(np.float32))
    assert 10 < light.sum() < 30
    batches = SignalBatches(SignalBatch(torch.from_numpy(conditions), light), 64, 2, symmetries)
    row_of = {energy: row for row, energy in enumerate(conditions[:, ENERGY].tolist())}
    drawn, ways = set(), set()
    for step in range(1, 9):
        batch = batches(step)
        energies = batch.conditions[:, ENERGY]
        assert torch.equal(batch.light, (energies > ENOUGH_GEV).float())
        rows = [row_of[energy] for energy in energies.tolist()]
        pushed, known = batch.conditions[:, [PX, PY]].numpy(), conditions[rows][:, [PX, PY]]
        np.testing.assert_array_equal(np.sort(np.abs(pushed)), np.sort(np.abs(known)))
        exchanged = np.abs(pushed[:, 0]) != np.abs(known[:, 0])
        turned = np.where(exchanged[:, None], known[:, ::-1], known)
        drawn |= set(rows)
        ways |= set(zip(exchanged, *(np.sign(pushed) != np.sign(turned)).T, strict=True))
    assert drawn == set(range(40))
    assert len(ways) == (1 if symmetries is None else 8)


def test_the_training_side_alone_trains_and_scales_and_the_other_validates() -> None:
    told = ["seed=4", "data.validation_fraction=0.3", "training.batch=64"]
    settings = load_experiment(CONFIG, told)
    assert isinstance(settings, SignalExperiment)
    responses, without = dim(), missed()
    alone = Processes(0, 1, torch.device("cpu"))
    parts = signal_parts(settings, responses, without, alone)
    train, validation = signal_samples(responses, without, 0.3, 4, "particle")
    drawn: dict[float, float] = {}
    for step in range(1, 17):
        drawn |= by_vertex(parts.batch_at(step))
    assert drawn == by_vertex(train)
    assert isinstance(parts.objective, Signal)
    scaler = parts.objective.classifier.scaler
    torch.testing.assert_close(scaler.mean, train.conditions.mean(0))
    with torch.no_grad():
        assert parts.validate() == float(parts.objective.cross_entropy(validation))
    assert parts.sizes == {"training": len(train.light), "validation": len(validation.light)}


def test_dark_copies_of_one_particle_are_on_one_side_with_the_others() -> None:
    responses, without = dim(), missed()
    # As in O2's files: dark copies of lit particles, and of some that are never lit, far apart.
    dark = np.concatenate([without, responses.conditions[::2], -without, without[::-1]])
    train, validation = signal_samples(responses, dark, 0.3, 4, "particle")
    sides = [{row.tobytes() for row in side.conditions.numpy()} for side in (train, validation)]
    assert min(map(len, sides)) > 10
    assert not sides[0] & sides[1]
    assert len(train.light) + len(validation.light) == len(responses) + len(dark)
    plain = signal_samples(responses, without, 0.3, 4, "particle")
    for side, before in zip((train, validation), plain, strict=True):
        assert set(by_vertex(before)) <= set(by_vertex(side))
