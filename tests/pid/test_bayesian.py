"""Bayesian identification: probabilities that are right as often as they say."""

import numpy as np
import pytest
from toy_signals import COLUMNS, tracks_of

from pid.models.bayesian import Abundances, BayesianSettings, abundances, probabilities
from pid.tracks import Tracks, joined

NO_MISMATCH = BayesianSettings(mismatch=0.0)


def mixture(counts: tuple[int, ...], rng: np.random.Generator) -> Tracks:
    return joined([tracks_of(index, count, rng) for index, count in enumerate(counts)])


def flat(*share: float) -> Abundances:
    return Abundances(np.empty(0), np.array([share]))


def test_probabilities_are_right_as_often_as_they_say(rng: np.random.Generator) -> None:
    counts = (6000, 2000, 1500, 500)
    tracks = mixture(counts, rng)
    tracks.values[rng.random(len(tracks)) < 0.5, 1] = np.nan
    found = probabilities(tracks, flat(0.6, 0.2, 0.15, 0.05), NO_MISMATCH)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(tracks)))
    truth = np.repeat(np.arange(4), counts)
    for index in range(4):
        for low in (0.05, 0.3, 0.6, 0.9):
            chosen = (found[:, index] > low) & (found[:, index] <= low + 0.3)
            expected = found[chosen, index].sum()
            error = np.sqrt((found[chosen, index] * (1 - found[chosen, index])).sum())
            assert abs((truth[chosen] == index).sum() - expected) < 5 * error + 1e-6


def test_without_signals_the_abundances_remain(rng: np.random.Generator) -> None:
    tracks = tracks_of(0, 10, rng)
    tracks.values[:, :2] = np.nan
    found = probabilities(tracks, flat(0.6, 0.2, 0.15, 0.05))
    np.testing.assert_allclose(found, np.tile([0.6, 0.2, 0.15, 0.05], (10, 1)), rtol=1e-12)


def test_mismatches_keep_a_wild_velocity_from_deciding(rng: np.random.Generator) -> None:
    tracks = tracks_of(0, 200, rng)
    tracks.values[:, 1] = 0.2
    tpc_only = Tracks(COLUMNS, tracks.values.copy(), tracks.event)
    tpc_only.values[:, 1] = np.nan
    priors = flat(0.25, 0.25, 0.25, 0.25)
    np.testing.assert_allclose(
        probabilities(tracks, priors), probabilities(tpc_only, priors), rtol=1e-6
    )
    assert np.isfinite(probabilities(tracks, priors, NO_MISMATCH)).all()


def test_abundances_are_counted_in_bins_of_momentum(rng: np.random.Generator) -> None:
    tracks = mixture((30, 10, 0, 0), rng)
    tracks.values[:, 2] = np.where(np.arange(40) < 20, 0.35, 9.0)
    found = abundances(tracks, BayesianSettings(edges=(0.3, 5.0)))
    expected = np.array([[1, 1, 1, 1], [21, 1, 1, 1], [11, 11, 1, 1]])
    np.testing.assert_allclose(found.share, expected / expected.sum(1, keepdims=True))
    np.testing.assert_array_equal(found.of(np.array([0.1, 7.0])), found.share[[0, 2]])
