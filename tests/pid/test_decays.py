"""Decays and photons: four-momenta are conserved, life times and mass spectra are right."""

import numpy as np
import pytest

from pid.simulation import photons
from pid.simulation.decays import (
    MODES,
    Mode,
    chosen_modes,
    conjugate,
    ctau_cm,
    decay_length,
    mass,
    two_body,
)

N = 20_000


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: f"{mode.parent}-{mode.daughters}")
def test_energy_and_momentum_are_conserved(mode: Mode, rng: np.random.Generator) -> None:
    momentum = rng.normal(0, 1.5, (200, 3))
    masses = (mass(abs(mode.daughters[0])), mass(abs(mode.daughters[1])))
    first, second = two_body(momentum, mass(mode.parent), masses, rng)
    assert np.allclose(first + second, momentum)
    before = np.hypot(np.linalg.norm(momentum, axis=1), mass(mode.parent))
    after = sum(
        np.hypot(np.linalg.norm(p, axis=1), m) for p, m in zip((first, second), masses, strict=True)
    )
    assert np.allclose(before, after, rtol=1e-9)
    charge = {211: 1, 321: 1, 2212: 1, 3222: 1, 3112: -1, 3312: -1, 3334: -1, -13: 1}
    signed = {**charge, **{-code: -value for code, value in charge.items()}}
    assert signed.get(mode.parent, 0) == sum(signed.get(code, 0) for code in mode.daughters)


def test_daughters_are_isotropic_at_rest(rng: np.random.Generator) -> None:
    first, _ = two_body(np.zeros((N, 3)), mass(310), (mass(211), mass(211)), rng)
    assert np.allclose(np.linalg.norm(first, axis=1), 0.2060, atol=1e-3)
    direction = first / np.linalg.norm(first, axis=1, keepdims=True)
    assert np.allclose(direction.mean(axis=0), 0, atol=5 / np.sqrt(3 * N))
    assert np.allclose((direction**2).mean(axis=0), 1 / 3, atol=5 * np.sqrt(4 / 45 / N))


def test_decay_lengths_are_exponential_and_boosted(rng: np.random.Generator) -> None:
    momentum = np.tile([0.0, 0.0, 3.0], (N, 1))
    found = decay_length(momentum, 310, rng)
    expected = 2.6844 * 3.0 / 0.497611
    assert ctau_cm(310) == pytest.approx(2.6844, rel=2e-3)
    assert found.mean() == pytest.approx(expected, rel=5 / np.sqrt(N))
    assert (found > expected).mean() == pytest.approx(np.exp(-1), abs=5 * 0.483 / np.sqrt(N))


def test_modes_are_drawn_with_their_branching_ratios(rng: np.random.Generator) -> None:
    drawn = chosen_modes(N, 321, rng)
    for index, mode in enumerate(MODES):
        expected = mode.ratio if mode.parent == 321 else 0.0
        assert (drawn == index).mean() == pytest.approx(
            expected, abs=5 * np.sqrt(expected * (1 - expected) / N)
        )
    assert (drawn == -1).mean() == pytest.approx(0.1577, abs=5 * 0.364 / np.sqrt(N))


def test_conjugates() -> None:
    assert [conjugate(code) for code in (3122, -13, 111, 310)] == [-3122, 13, 111, 310]


def test_dalitz_masses_follow_kroll_and_wada(rng: np.random.Generator) -> None:
    found = photons.dalitz_masses(N, rng)
    lightest, heaviest = 2 * mass(11), mass(111)
    assert lightest <= found.min() and found.max() < heaviest
    fine = np.linspace(lightest, heaviest, 2_000_001)[1:]
    density = (
        (1 - (fine / heaviest) ** 2) ** 3
        * np.sqrt(1 - (lightest / fine) ** 2)
        * (1 + (lightest / fine) ** 2 / 2)
        / fine
    )
    cumulative = np.cumsum(density) / density.sum()
    for cut in (0.002, 0.01, 0.05):
        expected = np.interp(cut, fine, cumulative)
        error = np.sqrt(expected * (1 - expected) / N)
        assert (found < cut).mean() == pytest.approx(expected, abs=5 * error + 2e-3)


def test_photons_convert_layer_by_layer(rng: np.random.Generator) -> None:
    count = 400_000
    found = photons.conversion_radius(count, rng)
    passed = 1.0
    for radius, length in photons.LAYERS:
        stops = passed * (1 - np.exp(-7 / 9 * length))
        error = np.sqrt(stops / count)
        assert (found == radius).mean() == pytest.approx(stops, abs=5 * error)
        passed -= stops
    assert np.isinf(found).mean() == pytest.approx(passed, abs=5 * np.sqrt(0.008 / count))
