"""TOF: flight times from mechanics, resolution, start time and mismatches."""

import numpy as np
import pytest

from pid.detector import tof
from pid.detector.tof import LIGHT_CM_PER_PS, TofSettings
from pid.species import KAON, PION, PROTON

N = 40_000
FIVE_SIGMA = 5 / np.sqrt(N)


def test_time_is_path_over_velocity() -> None:
    momentum = np.array([0.5, 1.0, 4.0])
    beta = momentum / np.sqrt(momentum**2 + KAON.mass**2)
    found = tof.expected_time(np.full(3, 400.0), momentum, KAON.mass)
    assert np.allclose(found, 400.0 / (beta * LIGHT_CM_PER_PS))
    assert np.allclose(tof.velocity(np.full(3, 400.0), found + 55, np.full(3, 55.0)), beta)


def test_kaons_and_pions_part_by_three_sigma_up_to_the_known_momentum() -> None:
    """ALICE separates pions and kaons by three sigma up to 2.5 GeV/c with 80 ps."""
    path = np.full(1, 380.0)
    for momentum, parted in ((2.0, True), (3.2, False)):
        p = np.array([momentum])
        gap = tof.expected_time(path, p, KAON.mass) - tof.expected_time(path, p, PION.mass)
        assert (gap[0] > 3 * 80) == parted


def test_the_path_of_a_stiff_track_is_straight() -> None:
    tan_lambda = np.array([0.0, 0.75])
    found = tof.length(np.full(2, 1000.0), tan_lambda, 0.5)
    assert np.allclose(found, 378.0 * np.array([1, 1.25]), rtol=1e-5)
    bent = tof.length(np.array([0.3]), np.zeros(1), 0.5)
    assert 378 * 1.2 < bent[0] < 378 * np.pi / 2


def times(settings: TofSettings, rng: np.random.Generator, start: float = 0.0) -> np.ndarray:
    """Measured minus expected times of protons of 1 GeV/c."""
    path, momentum = np.full(N, 400.0), np.ones(N)
    mass = np.full(N, PROTON.mass)
    found = tof.measured_time(path, momentum, mass, np.full(N, start), settings, rng)
    return found - tof.expected_time(path, momentum, PROTON.mass)


def test_a_hit_has_its_resolution_and_the_collision_s_time(rng: np.random.Generator) -> None:
    late = times(TofSettings(mismatch=0.0), rng, start=300.0)
    assert late.mean() == pytest.approx(300, abs=80 * FIVE_SIGMA)
    assert late.std() == pytest.approx(80, rel=FIVE_SIGMA)


def test_mismatches_come_after_light(rng: np.random.Generator) -> None:
    late = times(TofSettings(mismatch=0.2, resolution_ps=0.001), rng)
    wrong = np.abs(late) > 1
    assert wrong.mean() == pytest.approx(0.2, abs=5 * np.sqrt(0.16 / N) + 1e-3)
    after_light = late[wrong] + tof.expected_time(np.full(1, 400.0), np.ones(1), PROTON.mass)[0]
    delay = after_light - 400 / LIGHT_CM_PER_PS
    assert delay.min() > -1
    assert delay.mean() == pytest.approx(6000, rel=5 / np.sqrt(wrong.sum()))


def test_errors_add_in_squares_and_n_sigma_is_a_unit_gaussian(rng: np.random.Generator) -> None:
    path, error = np.full(N, 400.0), np.full(N, 60.0)
    fast = tof.expected_resolution(path, np.full(N, 50.0), PION.mass, error, 80.0)
    assert fast[0] == pytest.approx(100, abs=0.01)
    momentum = np.full(N, 2.0)
    settings = TofSettings(mismatch=0.0)
    time = tof.measured_time(path, momentum, np.full(N, PION.mass), np.zeros(N), settings, rng)
    start = rng.normal(0, 60, N)
    found = tof.n_sigma(time, start, error, path, momentum, PION.mass, 80.0)
    assert found.mean() == pytest.approx(0, abs=FIVE_SIGMA)
    assert found.std() == pytest.approx(1, abs=FIVE_SIGMA)


def test_slow_heavy_particles_have_the_tracking_term() -> None:
    path, momentum, error = np.full(1, 400.0), np.array([0.5]), np.zeros(1)
    slow = tof.expected_resolution(path, momentum, PROTON.mass, error, 80.0)
    time = tof.expected_time(path, momentum, PROTON.mass)
    # d(time)/time = (1 - beta^2) dp/p, and 1 - beta^2 = 1 / (1 + p2 / m2)
    beta2 = 0.5**2 / (0.5**2 + PROTON.mass**2)
    assert slow[0] == pytest.approx(np.hypot(80, 0.008 * time[0] * (1 - beta2)))
