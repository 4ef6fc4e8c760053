"""The way through the magnets inside the graph, against the transport of the Monte Carlo."""

from pathlib import Path
from typing import get_args

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from toys import toy_responses

from detcore.distributed import Processes
from detcore.graph import write
from zdcsim.conditions import CHARGE, MASS, PX, PY, PZ, VX, VY, VZ, impact
from zdcsim.export.reference import reference_conditions
from zdcsim.geometry import ZN, ZP, Calorimeter, Side
from zdcsim.io import tree
from zdcsim.models.aperture import Clearance
from zdcsim.models.features import ParticleFeatures
from zdcsim.models.flight import BentFlight, flight
from zdcsim.models.impact import Impact
from zdcsim.models.signal import edge_distance
from zdcsim.optics import Machine, lead_machine, total_momentum
from zdcsim.training import load_experiment
from zdcsim.training.families import build_generator, generator_parts
from zdcsim.training.signal import SignalExperiment, build_classifier
from zdcsim.transfer import SOFTEST, elements, transfer_series

REPOSITORY = Path(__file__).parents[2]
DATA = REPOSITORY / "data"
CONFIGS = sorted((REPOSITORY / "configs" / "zdcsim").glob("*_zp.yaml"))
MACHINES = {"7 TeV": Machine(), "lead": lead_machine(2680.0)}
ALONE = Processes(0, 1, torch.device("cpu"))
SINGLE = 4e-6
"""Some roundings of single precision."""


def particles(
    rng: np.random.Generator, n: int, low: float, high: float, charges: tuple[int, ...]
) -> NDArray[np.float32]:
    """To both sides, with momenta over charge between `low` and `high`, GeV/c."""
    c = np.zeros((n, 9))
    c[:, CHARGE] = rng.choice(charges, n)
    momentum = rng.uniform(low, high, n) * np.maximum(np.abs(c[:, CHARGE]), 3) / 3
    c[:, [PX, PY]] = 1e-4 * momentum[:, None] * rng.normal(size=(n, 2))
    c[:, PZ] = momentum * rng.choice([-1, 1], n)
    c[:, [VX, VY]], c[:, VZ] = rng.normal(0, 0.01, (n, 2)), rng.normal(0, 10, n)
    c[:, MASS] = 938.272
    return c.astype(np.float32)


def carried(
    c: NDArray[np.float32], calorimeter: Calorimeter, machine: Machine | None
) -> NDArray[np.float32]:
    with torch.no_grad():
        at, _ = flight(calorimeter, machine)(torch.from_numpy(c))
    found: NDArray[np.float32] = at.numpy()
    return found


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_particles_arrive_where_the_monte_carlo_carries_them(
    calorimeter: Calorimeter, machine: Machine, rng: np.random.Generator
) -> None:
    beam = machine.beam_momentum_gev
    # Protons, antiprotons, nuclei and fragments, neutral ones: from the face's to the beam's.
    c = particles(rng, 4000, 0.2 * beam, beam, (3, -3, 6, 246, 1, 0))
    at, _ = machine.carried(c, calorimeter)
    assert np.abs(at[:, 0]).max() > 30
    # A few centimetres of beam line, magnified by the lenses, are summed in single precision.
    assert carried(c, calorimeter, machine) == pytest.approx(at[:, [0, 2]], rel=SINGLE, abs=3e-4)


def test_soft_particles_arrive_as_precisely_as_their_way_is_long(rng: np.random.Generator) -> None:
    c = particles(rng, 4000, 1.01 * SOFTEST * 7000, 1400, (3, -3, 6))
    at, _ = Machine().carried(c, ZP)
    apart = carried(c, ZP, Machine()) - at[:, [0, 2]]
    # The slope is a difference of numbers a thousand times larger, so errors grow with the size of
    # the matrix and not with that of the place.
    bending = SOFTEST * 7000 * (c[:, CHARGE] / 3) / total_momentum(c.astype(np.float64))
    size = np.abs(elements(Machine(), ZP, "A", bending)[:, 2:4])
    slopes = np.abs(c[:, [PX, PY]]) / np.abs(c[:, [PZ]])
    assert (np.abs(apart) < SINGLE * size * slopes + 1e-3 + SINGLE * np.abs(at[:, [0, 2]])).all()


@pytest.mark.parametrize("side", [1, -1], ids=["A", "C"])
def test_an_export_is_proved_on_particles_that_reach_the_zp(side: int) -> None:
    c = reference_conditions(ZP)
    at, free = Machine().carried(c, ZP)
    arrive = free & ZP.contains(at[:, 0], at[:, 2]) & (np.sign(c[:, PZ]) == side)
    assert arrive.sum() >= 7 and np.ptp(at[arrive, 0]) > 0.75 * 2 * ZP.half_x


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_what_an_aperture_stops_is_what_the_monte_carlo_stops(
    machine: Machine, rng: np.random.Generator
) -> None:
    beam = machine.beam_momentum_gev
    hard = particles(rng, 20_000, 0.1 * beam, beam, (3, -3, 6, 246, 1, 0))
    soft = particles(rng, 2000, 1e-3, 0.1 * beam, (3, -3, 6))
    with torch.no_grad():
        clearance, of_soft = (Clearance(machine)(torch.from_numpy(c))[:, 0] for c in (hard, soft))
    _, free = machine.carried(hard, ZP)
    at_edge = clearance.abs().numpy() < 1e-4
    assert 0.2 < free.mean() < 0.9 and at_edge.mean() < 2e-3
    assert ((clearance.numpy() > 0) == free)[~at_edge].all()
    _, free = machine.carried(soft, ZP)
    assert ((of_soft.numpy() > 0) == free)[of_soft.abs().numpy() > 1e-3].all()
    assert float(torch.cat([clearance, of_soft]).min()) == -1


def test_clearance_is_the_smallest_over_the_planes(rng: np.random.Generator) -> None:
    c = particles(rng, 300, 1500, 7000, (3, -3, 0)).astype(np.float64)
    found = Clearance(Machine())(torch.from_numpy(c.astype(np.float32)))[:, 0].numpy()
    for side in get_args(Side):
        flies = c[:, PZ] > 0 if side == "A" else c[:, PZ] < 0
        passed = Machine().in_apertures(c[flies], side)
        filled = np.max([np.hypot(at[:, 0], at[:, 2]) / radius for at, radius in passed], axis=0)
        assert found[flies] == pytest.approx(np.maximum(1 - filled, -1), abs=2e-5)


def test_edges_are_as_far_as_the_nearest_one(rng: np.random.Generator) -> None:
    c = particles(rng, 200, 1, 7000, (0,))
    c[:, VX] = rng.uniform(ZP.centre_x - 4 * ZP.half_x, ZP.centre_x + 4 * ZP.half_x, len(c))
    features, _ = ParticleFeatures(ZP)(torch.from_numpy(c))
    at = impact(c, ZP) - [ZP.centre_x, 0]
    inside = 1 - np.abs(at / [ZP.half_x, ZP.half_y]).max(axis=1)
    assert (inside > 0).any() and (inside < -2).any()
    found = edge_distance(features)[:, 0].numpy()
    assert found == pytest.approx(np.maximum(inside, -2), abs=1e-4)


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_neutral_particles_fly_straight(calorimeter: Calorimeter, rng: np.random.Generator) -> None:
    c = particles(rng, 500, 1, 7000, (0,))
    straight = carried(c, calorimeter, None)
    assert carried(c, calorimeter, Machine()) == pytest.approx(straight, rel=SINGLE, abs=1e-5)
    assert straight == pytest.approx(impact(c, calorimeter), rel=SINGLE, abs=1e-5)


def test_whatever_comes_the_impact_is_finite_and_soft_particles_miss(
    rng: np.random.Generator,
) -> None:
    c = particles(rng, 2000, 1e-3, SOFTEST * 7000, (3, -3, 6))
    found = Impact(ZP, Machine())(torch.from_numpy(c)).numpy()
    assert np.isfinite(found).all()
    outside = (found < 0) | (found > ZP.shape)
    assert outside.any(axis=1).mean() > 0.9  # some cross the face's plane after a wild detour
    c[0, PX : PZ + 1], c[1, PZ], c[2, PX] = 0, 0, 1e4
    assert np.isfinite(Impact(ZP, Machine())(torch.from_numpy(c)).numpy()).all()


def test_no_particle_softer_than_the_softest_lands_on_a_face_in_the_simulation(
    rng: np.random.Generator,
) -> None:
    c = particles(rng, 20_000, 1, SOFTEST * 7000, (3, -3))
    for calorimeter in (ZN, ZP):
        at, free = Machine().carried(c, calorimeter)
        assert not (free & calorimeter.contains(at[:, 0], at[:, 2])).any()


def test_the_first_terms_are_those_of_thin_lenses() -> None:
    series = transfer_series(Machine(), ZP, "A")
    way = ZP.front_a - series.entrance_cm
    assert series.coefficients[0] == pytest.approx([1, 1, way, way, 0, 0], abs=1e-7)
    # To first order a magnet is a kick in its middle, whatever its length.
    per_unit = 0.299792458 / series.unit_gev
    kicks = [
        magnet.field * magnet.length_cm / 100 * per_unit * (ZP.front_a - magnet.centre_cm)
        for magnet in Machine().magnets
    ]
    focus = -sum(kicks[:4]) / 100
    assert series.coefficients[1, [0, 1, 4]] == pytest.approx([focus, -focus, kicks[4]], rel=1e-6)


def test_the_graph_carries_particles_as_torch_does(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    c = particles(rng, 300, 700, 7000, (3, -3, 6, 0))
    impact = Impact(ZP, Machine())
    write(tmp_path / "impact.onnx", impact, (torch.zeros(2, 9),), ["conditions"], "impact", {})
    graph = onnxruntime.InferenceSession(
        tmp_path / "impact.onnx", providers=["CPUExecutionProvider"]
    )
    found = graph.run(None, {"conditions": c})[0]
    assert found == pytest.approx(impact(torch.from_numpy(c)).numpy(), rel=1e-4, abs=1e-3)


def test_light_of_the_zp_lies_where_particles_are_carried() -> None:
    sample = tree.read(DATA / "zp_train.root")
    images = sample.dense(np.arange(len(sample))).astype(float)
    lit = images.sum((1, 2)) > 50
    fibres = np.stack(np.meshgrid(*(np.arange(n) + 0.5 for n in ZP.shape), indexing="ij"))
    centroid = np.einsum("nxy,kxy->nk", images, fibres) / images.sum((1, 2), keepdims=True)[:, 0]
    conditions = torch.from_numpy(sample.conditions)
    apart = {
        machine: (centroid - Impact(ZP, machine)(conditions).numpy())[lit]
        for machine in (None, Machine())
    }
    median = {
        machine: np.median(np.abs(each), axis=0) * ZP.pitch for machine, each in apart.items()
    }
    assert (median[None] > [15, 0.5]).all()
    # 3.9 mrad over the metre down to the light's mean depth, and the shower's own spread.
    assert (median[Machine()] < [0.55, 0.06]).all()


def flights(*networks: nn.Module) -> list[nn.Module]:
    """How each of the networks, and each part of it, finds impact points."""
    parts = [part for network in networks for part in network.modules()]
    return [part.flight for part in parts if isinstance(part, Impact)]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_network_of_every_family_knows_the_magnets(config: Path) -> None:
    experiment = load_experiment(config)
    if isinstance(experiment, SignalExperiment):
        networks: list[nn.Module] = [build_classifier(experiment)]
    else:
        networks = [build_generator(experiment)]
        if not hasattr(experiment, "teacher_run"):
            toys = toy_responses(10, 2, calorimeter=ZP)
            objective = generator_parts(experiment, toys, ALONE).objective
            networks += [part for part in vars(objective).values() if isinstance(part, nn.Module)]
    found = flights(*networks)
    assert found
    assert all(isinstance(each, BentFlight) for each in found)
