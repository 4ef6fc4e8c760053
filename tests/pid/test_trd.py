"""TRD and ITS: layers, transition radiation, and where a track points."""

import numpy as np
import pytest

from pid.detector import dca, its, trd
from pid.detector.its import ItsSettings
from pid.detector.trd import TrdSettings
from pid.species import ELECTRON, KAON, PION

N = 40_000


def test_only_electrons_radiate() -> None:
    settings, p = TrdSettings(), np.array([2.0])
    silent = TrdSettings(radiation=0.0)
    for species, radiates in ((ELECTRON, True), (PION, False), (KAON, False)):
        mass = np.array([species.mass])
        more = trd.expected_signal(p, mass, settings) / trd.expected_signal(p, mass, silent)
        assert (more[0] > 1.3) == radiates
        assert radiates or more[0] < 1.001


def test_the_onset_is_at_a_lorentz_factor_of_one_thousand() -> None:
    mass = np.array([ELECTRON.mass])
    settings, silent = TrdSettings(), TrdSettings(radiation=0.0)
    p = mass * np.sqrt(1000.0**2 - 1)
    added = trd.expected_signal(p, mass, settings) - trd.expected_signal(p, mass, silent)
    assert added[0] == pytest.approx(settings.gain * settings.radiation / 2)


def test_layers_are_lit_with_their_efficiency_and_never_none(rng: np.random.Generator) -> None:
    bits = trd.pattern(N, TrdSettings(layer_efficiency=0.3), rng)
    assert bits.min() >= 1 and bits.max() <= 63
    lit = np.bitwise_count(bits.astype(np.uint64))
    nothing = 0.7**6
    expected = 6 * 0.3 + nothing
    assert lit.mean() == pytest.approx(expected, abs=5 * 1.2 / np.sqrt(N))


def test_the_charge_has_unit_mean_and_fewer_layers_spread_more(rng: np.random.Generator) -> None:
    settings = TrdSettings()
    p, mass = np.ones(N), np.full(N, PION.mass)
    expected = trd.expected_signal(p[:1], mass[:1], settings)[0]
    for layers, spread in ((0b111111, 0.2), (0b000111, 0.2 * np.sqrt(2))):
        found = trd.signal(p, mass, np.full(N, layers), settings, rng) / expected
        assert found.mean() == pytest.approx(1, abs=5 * 1.1 * spread / np.sqrt(N))
        assert np.log(found).std() == pytest.approx(spread, rel=5 / np.sqrt(2 * N))


def test_its_layers_inside_the_origin_see_nothing(rng: np.random.Generator) -> None:
    start = np.repeat([0.0, 3.5, 30.0, 50.0], N)
    bits = its.cluster_map(start, ItsSettings(), rng).reshape(4, N)
    possible = [0b1111111, 0b1111100, 0b1100000, 0]
    for row, layers in zip(bits, possible, strict=True):
        assert not (row & ~layers).any()
        for layer in range(7):
            lit = ((row >> layer) & 1).mean()
            expected = 0.98 if layers >> layer & 1 else 0.0
            assert lit == pytest.approx(expected, abs=5 * np.sqrt(0.98 * 0.02 / N))


def test_pointing_is_best_for_fast_central_tracks() -> None:
    settings = ItsSettings()
    p, mass, flat = np.array([0.3, 1.0, 50.0]), np.full(3, PION.mass), np.zeros(3)
    found = dca.resolution(p, mass, flat, settings)
    assert found[0] > found[1] > found[2]
    assert found[2] == pytest.approx(settings.pointing_cm, rel=1e-3)
    beta = 0.3 / np.hypot(0.3, PION.mass)
    assert found[0] == pytest.approx(
        np.hypot(settings.pointing_cm, settings.scattering_cm / (0.3 * beta))
    )
    heavier = dca.resolution(p[:1], np.array([KAON.mass]), flat[:1], settings)
    oblique = dca.resolution(p[:1], mass[:1], np.ones(1), settings)
    assert heavier[0] > found[0] and oblique[0] > found[0]


def test_the_cut_of_global_tracks() -> None:
    pt = np.array([1.0, 1.0, 1.0, 0.2, 0.2])
    xy, z = np.array([0.0454, -0.0456, 0.0, 0.2160, 0.2162]), np.array([0.0, 0.0, 2.1, -1.9, 0.0])
    assert dca.is_global(xy, z, pt).tolist() == [True, False, False, True, False]
