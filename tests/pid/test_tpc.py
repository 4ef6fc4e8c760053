"""TPC: rows, resolution, gain and n-sigma."""

import numpy as np
import pytest

from pid.detector import tpc
from pid.detector.bethe_bloch import expected_signal
from pid.detector.tpc import TpcSettings
from pid.species import PION

N = 40_000
FIVE_SIGMA = 5 / np.sqrt(N)


def signals(settings: TpcSettings, rng: np.random.Generator, found: int = 130) -> np.ndarray:
    """Signals of pions of 1 GeV/c at tan(lambda) = 0 over their expectation."""
    momentum, mass, flat = np.ones(N), np.full(N, PION.mass), np.zeros(N)
    counts = tpc.Clusters(np.full(N, 152), np.full(N, found), np.zeros(N, np.int64))
    measured = tpc.signal(momentum, mass, flat, counts, settings, rng)
    return measured / expected_signal(momentum, PION.mass)


def test_slow_or_decaying_particles_cross_fewer_rows() -> None:
    pt, never = np.array([1.0, 0.15, 0.1, 1.0, 1.0]), np.inf
    end = np.array([never, never, never, 165.725, 80.0])
    rows = tpc.crossed_rows(pt, end, 0.5)
    # 0.15 GeV/c turns back at 2 R = 200.1 cm, 0.1 GeV/c at 133.4 cm.
    assert rows.tolist() == [152, 108, 45, 76, 0]


def test_the_resolution_is_seven_percent_and_the_gain_scales(rng: np.random.Generator) -> None:
    ratio = signals(TpcSettings(shared_fraction=0.0), rng)
    assert ratio.mean() == pytest.approx(1, abs=0.07 * FIVE_SIGMA)
    assert ratio.std() == pytest.approx(0.07, rel=FIVE_SIGMA)
    gained = signals(TpcSettings(gain=1.05), rng)
    assert gained.mean() == pytest.approx(1.05, abs=0.08 * FIVE_SIGMA)


def test_more_clusters_and_longer_paths_measure_better(rng: np.random.Generator) -> None:
    assert signals(TpcSettings(), rng, found=65).std() == pytest.approx(
        0.07 * np.sqrt(2), rel=FIVE_SIGMA
    )
    oblique = tpc.relative_resolution(np.array([130]), np.array([np.sqrt(15)]), 0.07)
    assert oblique[0] == pytest.approx(0.035)


def test_shared_clusters_add_charge(rng: np.random.Generator) -> None:
    settings = TpcSettings()
    counts = tpc.clusters(np.full(N, 150), settings, rng)
    shares = counts.shared > 0
    assert shares.mean() == pytest.approx(0.045, abs=5 * np.sqrt(0.045 / N))
    mean_error = np.sqrt(9.4 * 8.4 / shares.sum())
    assert counts.shared[shares].mean() == pytest.approx(9.4, abs=5 * mean_error)
    assert counts.found.mean() == pytest.approx(145.5, abs=5 * np.sqrt(150 * 0.03 / N))
    all_shared = tpc.Clusters(counts.findable, np.full(N, 130), np.full(N, 26))
    flat, mass = np.zeros(N), np.full(N, PION.mass)
    raised = tpc.signal(np.ones(N), mass, flat, all_shared, settings, rng)
    expected = 1.1 * expected_signal(np.ones(1), PION.mass)[0]
    assert raised.mean() == pytest.approx(expected, rel=0.07 * FIVE_SIGMA)


def test_n_sigma_of_the_true_species_is_a_unit_gaussian(rng: np.random.Generator) -> None:
    momentum, tan_lambda = rng.uniform(0.2, 3, N), rng.uniform(-0.8, 0.8, N)
    settings = TpcSettings(shared_fraction=0.0)
    counts = tpc.clusters(np.full(N, 140), settings, rng)
    measured = tpc.signal(momentum, np.full(N, PION.mass), tan_lambda, counts, settings, rng)
    found = tpc.n_sigma(measured, momentum, PION.mass, counts.found, tan_lambda, 0.07)
    assert found.mean() == pytest.approx(0, abs=FIVE_SIGMA)
    assert found.std() == pytest.approx(1, abs=FIVE_SIGMA)


def test_a_gain_slope_grows_with_pseudorapidity(rng: np.random.Generator) -> None:
    settings = TpcSettings(gain_slope=-0.1, shared_fraction=0.0)
    counts = tpc.Clusters(np.full(N, 152), np.full(N, 130), np.zeros(N, np.int64))
    momentum, mass = np.ones(N), np.full(N, PION.mass)
    at_one = tpc.signal(momentum, mass, np.full(N, np.sinh(1.0)), counts, settings, rng)
    ratio = at_one / expected_signal(momentum, PION.mass)
    assert ratio.mean() == pytest.approx(0.9, abs=0.07 * FIVE_SIGMA)
