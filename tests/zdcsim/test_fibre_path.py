"""The path through groove and fibre against marching along it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from toys import toy_conditions

from zdcsim.conditions import CHARGE, PX, PY, PZ, VX, VZ
from zdcsim.geometry import ZN, ZP, Calorimeter, Side
from zdcsim.models.features import FEATURES, ParticleFeatures
from zdcsim.models.fibre_path import PATHS, FibrePath
from zdcsim.models.impact import Impact
from zdcsim.models.signal import block_left
from zdcsim.optics import Machine

MARCH = 20_000


def marched(
    aside: NDArray[np.float64], drift: NDArray[np.float64], calorimeter: Calorimeter
) -> tuple[float, float]:
    """Shares of the block until the first step outside the groove, and of those in the fibre."""
    t = np.arange(MARCH) / MARCH
    x, y = aside[:, None] + drift[:, None] * t
    inside = np.maximum(np.abs(x), np.abs(y)) * calorimeter.pitch < calorimeter.groove_half
    steps = MARCH if inside.all() else int(np.argmin(inside))
    fibre = np.hypot(x[:steps], y[:steps]) * calorimeter.pitch < calorimeter.fibre_radius
    return steps / MARCH, float(fibre.sum()) / MARCH


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["zn", "zp"])
def test_shares_are_those_of_small_steps(
    calorimeter: Calorimeter, rng: np.random.Generator
) -> None:
    reach = 1.2 * calorimeter.groove_half / calorimeter.pitch
    aside, drift = rng.uniform(-reach, reach, (300, 2)), rng.normal(0, 0.2, (300, 2))
    drift[:20] = 0
    drift[20:40, 0] = 0
    path = FibrePath(calorimeter)
    found = path.shares(*(torch.from_numpy(v).float() for v in (aside, drift)))
    groove, fibre = (each[:, 0].numpy() for each in found)
    expected = np.array([marched(*pair, calorimeter) for pair in zip(aside, drift, strict=True)])
    np.testing.assert_allclose(groove, expected[:, 0], rtol=0, atol=2 / MARCH)
    np.testing.assert_allclose(fibre, expected[:, 1], rtol=0, atol=4 / MARCH)
    assert ((groove > 0) & (groove < 1)).sum() > 50
    assert ((fibre > 0) & (fibre < 1)).sum() > 20


@pytest.mark.parametrize("side", [1, -1], ids=["A", "C"])
@pytest.mark.parametrize("machine", [None, Machine(7000.0)], ids=["straight", "magnets"])
def test_the_drift_is_the_slope_at_the_face_times_the_length(
    side: int, machine: Machine | None, rng: np.random.Generator
) -> None:
    particles = toy_conditions(200, rng, ZN)
    particles[:, PZ] *= side
    particles[:, VX] = 0.001
    particles[:, VZ] = 3
    _, drift = Impact(ZN, machine).arrival(torch.from_numpy(particles))
    slopes = particles[:, [PX, PY]] / np.abs(particles[:, [PZ]])
    expected = slopes * 2 * ZN.half_z / ZN.pitch  # neutral: magnets do not bend
    np.testing.assert_allclose(drift.numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("side", ["A", "C"])
def test_charged_particles_drift_from_the_face_to_where_they_are_carried_behind(
    side: Side, rng: np.random.Generator
) -> None:
    machine, length = Machine(), 2 * ZP.half_z
    behind = replace(ZP, front_a=ZP.front_a + length, front_c=ZP.front_c - length)
    particles = toy_conditions(500, rng, ZP)
    particles[:, CHARGE] = rng.choice([3, -3, 6], 500)
    particles[:, PX : PZ + 1] *= (rng.uniform(2000, 6000, 500) / np.abs(particles[:, PZ]))[:, None]
    particles[:, PZ] = (1 if side == "A" else -1) * np.abs(particles[:, PZ])
    here, there = (machine.carried(particles, face)[0][:, [0, 2]] for face in (ZP, behind))
    expected = (there - here) / ZP.pitch
    assert np.median(np.abs(expected[:, 0])) > 1
    _, drift = Impact(ZP, machine).arrival(torch.from_numpy(particles))
    np.testing.assert_allclose(drift.numpy(), expected, rtol=1e-4, atol=1e-4)


def test_features_end_with_the_path() -> None:
    # From the interaction point to the corner of the groove of fibre (22, 22), and 1 mm beside it.
    particles = np.zeros((2, 9), np.float32)
    particles[:, 0] = particles[:, PZ] = 1000.0
    particles[:, PX] = np.array([0.056, 0.156]) / ZN.front_a * 1000
    particles[:, PY] = 0.056 / ZN.front_a * 1000
    features, _ = ParticleFeatures(ZN)(torch.from_numpy(particles))
    assert features[:, -PATHS:].tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_what_is_left_of_the_block_is_told_on_a_logarithmic_scale() -> None:
    groove = torch.tensor([0.0, 0.9, 0.99, 1.0, 1.0 + 1e-7])
    features = torch.zeros(5, FEATURES)
    features[:, -2] = groove
    features[:, -1] = 0.3  # the fibre's share, which does not matter here
    # log10 of what is left and one centimetre of the metre, from -2 to about 0.
    expected = 1 + np.log10([1.01, 0.11, 0.02, 0.01, 0.01]) / 2
    assert block_left(features)[:, 0].tolist() == pytest.approx(expected, abs=1e-5)
