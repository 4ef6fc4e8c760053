"""Measures of whole samples, on samples whose answer is known."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import roc_auc_score
from toys import toy_responses

from zdcsim.evaluation.coverage import coverage
from zdcsim.evaluation.floor import divisions
from zdcsim.evaluation.judgement import from_json, judge
from zdcsim.evaluation.likeness import UNITS, likeness, side
from zdcsim.evaluation.physics_distance import (
    frechet,
    frechet_physics_distance,
    kernel_physics_distance,
    standardised,
)
from zdcsim.evaluation.quantities import measure
from zdcsim.evaluation.separation import separation
from zdcsim.evaluation.settings import Settings
from zdcsim.evaluation.two_sample import divergence, folds, roc_auc, told_apart


def normal(rows: int, columns: int, seed: int, shift: float = 0.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(shift, 1, (rows, columns))


def test_frechet_of_two_normal_samples() -> None:
    rng = np.random.default_rng(1)
    mix = np.array([[2.0, 0.3], [0.0, 0.5]])
    a, b = rng.normal(size=(100_000, 2)), rng.normal(size=(100_000, 2)) @ mix + [1.0, -2.0]
    covariance = mix.T @ mix
    root = stats.Covariance.from_eigendecomposition(np.linalg.eigh(covariance)).covariance
    expected = 5 + 2 + np.trace(root) - 2 * np.sqrt(np.linalg.eigvalsh(covariance)).sum()
    # The largest error is that of the mean, 2 * |difference| * sqrt(2 / n) * spread.
    assert frechet(a, b) == pytest.approx(expected, abs=5 * 2 * np.sqrt(5) * 2 * np.sqrt(2 / 1e5))


def test_frechet_physics_distance_does_not_grow_in_small_samples() -> None:
    found, plain = [], []
    for seed in range(12):
        a, b = normal(600, 6, seed), normal(600, 6, 1000 + seed)
        found.append(frechet_physics_distance(a, b, np.random.default_rng(seed)))
        plain.append(frechet(a, b))
    error = np.std(found, ddof=1) / np.sqrt(12)
    assert np.mean(plain) > 0.02
    # Draws are with replacement, so the extrapolation ends at the samples' own distance.
    assert abs(np.mean(found)) < np.mean(plain) + 5 * error
    shifted = frechet_physics_distance(
        normal(4000, 6, 1, shift=0.5), normal(4000, 6, 2), np.random.default_rng(3)
    )
    assert shifted == pytest.approx(6 * 0.25, abs=0.15)


def test_kernel_physics_distance_is_the_mean_over_pairs() -> None:
    a, b = normal(30, 3, 1), normal(40, 3, 2, shift=0.3)

    def kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
        return float((x @ y / 3 + 1) ** 4)

    within_a = np.mean([kernel(a[i], a[j]) for i in range(30) for j in range(30) if i != j])
    within_b = np.mean([kernel(b[i], b[j]) for i in range(40) for j in range(40) if i != j])
    between = np.mean([kernel(x, y) for x in a for y in b])
    assert kernel_physics_distance(a, b) == pytest.approx(within_a + within_b - 2 * between)


def test_standardised_is_on_the_scale_of_the_reference() -> None:
    a, b = standardised(normal(10, 2, 1), np.array([[1.0, 7.0], [3.0, 7.0]]))
    assert b.tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert a.shape == (10, 2)


def test_coverage_by_hand() -> None:
    reference = np.array([[0.0], [1.0], [2.0], [10.0]])
    generated = np.array([[0.4], [0.6], [30.0]])
    # With k = 1 the balls of the Monte Carlo reach 1, 1, 1 and 8, those generated 0.2, 0.2, 29.4.
    found = coverage(generated, reference, neighbours=1)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(3 / 4)  # 1, 2 and 10 lie within 29.4 of 30
    assert found.density == pytest.approx((2 + 2 + 0) / 3)
    assert found.coverage == pytest.approx(2 / 4)
    with pytest.raises(ValueError, match="5 neighbours need more responses than 3 and 4"):
        coverage(generated, reference)


def test_coverage_sees_a_lost_mode() -> None:
    reference = np.concatenate([normal(300, 2, 1), normal(300, 2, 2, shift=20)])
    one_mode = coverage(normal(600, 2, 3), reference)
    assert one_mode.precision > 0.9
    assert one_mode.recall < 0.55
    assert one_mode.coverage < 0.55


def test_separation_of_histograms() -> None:
    assert separation(normal(50, 1, 1)[:, 0], normal(50, 1, 1)[:, 0]) == 0
    assert separation(np.full(9, 5.0), np.linspace(-1, 1, 60)) > 0.9
    a, b = np.array([0.0, 0.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 1.0])
    # Two bins with 3/4, 1/4 against 1/4, 3/4.
    assert separation(a, b, bins=4) == pytest.approx(0.5 * 2 * 0.25 / 1)
    with pytest.raises(ValueError, match="needs two samples with values; got 0 and 4"):
        separation(np.empty(0), b)


def test_roc_auc_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    score, truth = rng.integers(0, 20, 500).astype(float), (rng.random(500) < 0.3).astype(float)
    assert roc_auc(score, truth) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)


def test_folds_never_share_a_particle() -> None:
    groups = np.repeat(np.arange(23), 4)
    tested = np.zeros(len(groups), int)
    for train, test in folds(groups, seed=1):
        assert not set(groups[train]) & set(groups[test])
        tested += test
    assert (tested == 1).all()
    with pytest.raises(ValueError, match="5 folds need as many particles; the sample has 4"):
        next(folds(groups[:16], seed=1))


def test_divergence_of_known_scores() -> None:
    truth = np.tile([0.0, 1.0], 500)
    groups = np.repeat(np.arange(100), 10)
    apart = divergence(truth, truth, groups, 1)
    assert apart == pytest.approx(1 + np.log2(0.99), abs=1e-9)
    # Three in four on the right side: 1 - H(1/4), the entropy of a coin of that odds.
    score = np.where(np.random.default_rng(2).random(1000) < 0.75, truth, 1 - truth)
    entropy = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    error = np.log2(3) * np.sqrt(0.25 * 0.75 / 1000)
    assert divergence(score, truth, groups, 1) == pytest.approx(1 - entropy, abs=5 * error)


@pytest.mark.parametrize("level", ["features", "fibres"])
def test_told_apart_finds_what_can_be_found(level: str) -> None:
    groups = np.arange(1500) % 100
    samples = [normal(1500, 4, seed).astype(np.float32) for seed in (1, 2)]
    none = told_apart(samples[0], samples[1], (groups, groups), level)  # type: ignore[arg-type]
    error = np.sqrt((2 * 1500 + 1) / (12 * 1500**2))  # of the AUC of equal samples
    assert none.auc == pytest.approx(0.5, abs=5 * error)
    samples[0] += np.array([1.0, 0, 0, 0], np.float32)
    some = told_apart(samples[0], samples[1], (groups, groups), level)  # type: ignore[arg-type]
    # No classifier can beat the likelihood ratio; one that learns comes near it.
    best = stats.norm.cdf(1 / np.sqrt(2))
    assert best - 0.05 < some.auc < best + 5 * error


def test_likeness_of_the_monte_carlo_and_of_a_fault() -> None:
    truth = toy_responses(particles=12, copies=10)
    again = toy_responses(particles=12, copies=10)
    bright = (3 * again.dense()).astype(np.int32)
    settings = Settings(conventions=("o2",))
    ours = side(truth, measure(truth, truth.calorimeter, ("o2",)), truth, "o2", with_fibres=False)
    theirs = side(bright, measure(bright, truth.calorimeter, ("o2",)), truth, "o2", False)
    divided = divisions(truth.particle, settings)
    found = likeness(ours, [theirs], divided)
    assert set(found) == {name for name in UNITS if "fibres" not in name}
    auc = found["AUC, features"]
    assert auc.model is not None and auc.floor is not None
    assert auc.model.mean > 0.8 > auc.floor.mean
    assert found["FPD"].model.mean > 10 * abs(found["FPD"].floor.mean)  # type: ignore[union-attr]


def test_a_judgement_carries_likeness_when_asked() -> None:
    truth = toy_responses(particles=10, copies=4)
    images = [truth.dense().astype(np.int32)]
    plain = judge(truth, images, Settings(floor_repetitions=2))
    assert plain.likeness == {}
    full = judge(truth, images, Settings(floor_repetitions=2, likeness=True, conventions=("o2",)))
    assert set(full.likeness) == set(UNITS)
    assert from_json(full.to_json()).likeness == full.likeness
