"""Matching: kinematic thresholds, losses by species, and the published fractions."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pid.detector import absorption, matching
from pid.detector.matching import PUBLISHED, MatchingSettings, fitted, matched, sensitive, shapes
from pid.detector.particles import Particles


def flying(pdg: int, pt: NDArray[np.float64], eta: float = 0.1, end: float = np.inf) -> Particles:
    """Particles from the vertex along x."""
    count = len(pt)
    momentum = np.stack([pt, np.zeros(count), pt * np.sinh(eta)], axis=1)
    return Particles(
        pdg=np.full(count, pdg, np.int32),
        momentum=momentum,
        origin=np.zeros((count, 3)),
        end_cm=np.full(count, end),
        event=np.zeros(count, np.int64),
        primary=np.ones(count, np.bool_),
    )


def mean_shapes(particles: Particles, rng: np.random.Generator) -> tuple[float, float]:
    """Averages over azimuth."""
    phi = rng.uniform(-np.pi, np.pi, len(particles))
    trd_shape, tof_shape = shapes(particles, phi, 0.5)
    return float(trd_shape.mean()), float(tof_shape.mean())


def test_a_turn_on_with_transverse_momentum(rng: np.random.Generator) -> None:
    found = [mean_shapes(flying(211, np.full(2000, pt)), rng) for pt in (0.2, 0.3, 0.5, 2.0)]
    trd_shape, tof_shape = zip(*found, strict=True)
    assert trd_shape[0] == tof_shape[0] == 0
    assert tof_shape[1] < 0.5 * tof_shape[2] and trd_shape[1] > 0.8
    assert tof_shape[3] == pytest.approx(0.95 * np.exp(-0.2), abs=0.03)


def test_species_lose_differently_on_the_way(rng: np.random.Generator) -> None:
    pt = np.full(4000, 0.8)
    tof_shape = {
        code: mean_shapes(flying(code, pt), rng)[1] for code in (11, 211, 2212, -2212, 321, -321)
    }
    assert tof_shape[11] > tof_shape[321] > tof_shape[211] > tof_shape[2212] > tof_shape[-2212]
    assert tof_shape[-321] < tof_shape[321]
    slow = absorption.survives(np.array([-2212, -2212], np.int32), np.array([0.3, 3.0]), 0.2)
    assert slow[0] < slow[1]


def test_a_kaon_that_decays_is_lost_and_a_pion_s_muon_goes_on(rng: np.random.Generator) -> None:
    pt = np.full(500, 1.0)
    assert mean_shapes(flying(321, pt, end=300.0), rng)[1] == 0
    assert mean_shapes(flying(321, pt, end=300.0), rng)[0] > 0.5
    assert mean_shapes(flying(211, pt, end=300.0), rng)[1] > 0.5
    assert mean_shapes(flying(211, pt, end=200.0), rng) == (0, 0)


def test_gaps_lie_between_eighteen_sectors() -> None:
    azimuth = np.linspace(0, 2 * np.pi, 180_001)[:-1]
    found = sensitive(azimuth)
    assert found.mean() == pytest.approx(1 - matching.GAP, abs=1e-3)
    assert np.count_nonzero(found[1:] & ~found[:-1]) == 18
    assert not sensitive(np.array([np.nan]))[0]


@pytest.mark.parametrize("period", ["run2", "run3"])
def test_fitted_plateaus_give_the_published_patterns(
    period: matching.Period, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 40_000
    particles = flying(211, rng.exponential(0.5, count) + 0.25)
    phi = rng.uniform(-np.pi, np.pi, count)
    plateaus = fitted(*shapes(particles, phi, 0.5), PUBLISHED[period])
    monkeypatch.setattr(matching, "PLATEAUS", {period: plateaus})
    trd, tof = matched(particles, phi, MatchingSettings(period=period), 0.5, rng)
    pattern = 1 + 2 * trd + 4 * tof
    for bits, fraction in PUBLISHED[period].items():
        error = np.sqrt(fraction * (1 - fraction) / count)
        assert (pattern == bits).mean() == pytest.approx(fraction, abs=5 * error)


def test_published_fractions_add_up() -> None:
    assert sum(PUBLISHED["run2"].values()) == pytest.approx(1)
    run3 = PUBLISHED["run3"]
    assert sum(run3.values()) == pytest.approx(1)
    assert run3[1] + run3[3] == pytest.approx(0.770)
    assert run3[1] + run3[5] == pytest.approx(0.920)


def test_impossible_fractions_are_named() -> None:
    with pytest.raises(ValueError, match="no plateaus up to 1 give the fractions"):
        fitted(np.full(10, 0.2), np.full(10, 0.2), PUBLISHED["run2"])


def test_efficiencies_scale_what_is_matched(rng: np.random.Generator) -> None:
    particles = flying(211, np.full(20_000, 1.0))
    phi = rng.uniform(-np.pi, np.pi, len(particles))
    full = matched(particles, phi, MatchingSettings(), 0.5, rng)
    half = matched(particles, phi, MatchingSettings(trd_efficiency=0.5), 0.5, rng)
    assert half[0].mean() == pytest.approx(full[0].mean() / 2, abs=0.02)
    assert not matched(particles, phi, MatchingSettings(tof_efficiency=0.0), 0.5, rng)[1].any()
