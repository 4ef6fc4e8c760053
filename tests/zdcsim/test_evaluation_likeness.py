"""Measures of whole samples, on samples whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
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
from zdcsim.evaluation.two_sample import divergence, folds, told_apart


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


def with_copies(
    particles: int, copies: int, seed: int, columns: int = 11
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Responses of variance 1 of which four fifths are the particle's, and whose each is."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(0, np.sqrt(0.8), (particles, 1, columns))
    rows = centre + rng.normal(0, np.sqrt(0.2), (particles, copies, columns))
    return rows.reshape(-1, columns), np.repeat(np.arange(particles), copies)


def mean_and_error(values: list[float]) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def test_frechet_physics_distance_has_no_bias_in_small_samples() -> None:
    same, shifted, plain = [], [], []
    for seed in range(12):
        a, b = normal(700, 11, seed), normal(700, 11, 1000 + seed)
        same.append(frechet_physics_distance(a, b, np.random.default_rng(seed)))
        plain.append(frechet(a, b))
        shifted.append(frechet_physics_distance(a + 0.3, b, np.random.default_rng(seed)))
    mean, error = mean_and_error(same)
    assert abs(mean) < 5 * error < 0.05
    assert np.mean(plain) > 0.1
    mean, error = mean_and_error(shifted)
    assert abs(mean - 11 * 0.3**2) < 5 * error < 0.25


def test_frechet_physics_distance_of_halves_of_the_copies_has_no_bias() -> None:
    found, unaware, plain = [], [], []
    for seed in range(12):
        rows, particle = with_copies(100, 12, seed)
        a, b = np.arange(len(rows)) % 12 < 6, np.arange(len(rows)) % 12 >= 6
        known = particle[a], particle[b]
        rng = np.random.default_rng(seed)
        found.append(frechet_physics_distance(rows[a], rows[b], rng, known))
        unaware.append(frechet_physics_distance(rows[a], rows[b], rng))
        plain.append(frechet(rows[a], rows[b]))
    mean, error = mean_and_error(found)
    # What is left is of the next order, (1/100)^2, a twentieth of the plain distance at most.
    assert abs(mean) < 5 * error + np.mean(plain) / 20
    mean, error = mean_and_error(unaware)
    assert mean < -5 * error


def test_frechet_physics_distance_needs_three_particles() -> None:
    two = np.array([0, 0, 1, 1])
    with pytest.raises(ValueError, match="FPD needs 3 particles in both samples; got 2"):
        frechet_physics_distance(
            normal(4, 2, 1), normal(4, 2, 2), np.random.default_rng(1), (two, two)
        )


def test_kernel_physics_distance_is_the_mean_over_pairs_of_different_particles() -> None:
    a, b = normal(30, 3, 1), normal(40, 3, 2, shift=0.3)
    of_a, of_b = np.arange(30) // 2, np.arange(40) // 4 + 10

    def mean(x: NDArray[np.float64], y: NDArray[np.float64], allowed: NDArray[np.bool_]) -> float:
        return float((((x @ y.T) / 3 + 1) ** 4)[allowed].mean())

    within = mean(a, a, ~np.eye(30, dtype=bool)) + mean(b, b, ~np.eye(40, dtype=bool))
    between = mean(a, b, np.ones((30, 40), dtype=bool))
    assert kernel_physics_distance(a, b) == pytest.approx(within - 2 * between)
    first, second, third = (
        mean(x, y, of_x[:, None] != of_y)
        for x, y, of_x, of_y in ((a, a, of_a, of_a), (b, b, of_b, of_b), (a, b, of_a, of_b))
    )
    found = kernel_physics_distance(a, b, (of_a, of_b))
    assert found == pytest.approx(first + second - 2 * third)
    with pytest.raises(ValueError, match="KPD needs responses of two particles at least"):
        kernel_physics_distance(a, b, (np.zeros(30, int), np.zeros(40, int)))


def test_kernel_physics_distance_of_halves_of_the_copies_has_no_bias() -> None:
    found, unaware = [], []
    for seed in range(40):
        rows, particle = with_copies(70, 6, seed)
        a, b = np.arange(len(rows)) % 6 < 3, np.arange(len(rows)) % 6 >= 3
        known = particle[a], particle[b]
        found.append(kernel_physics_distance(rows[a], rows[b], known))
        unaware.append(kernel_physics_distance(rows[a], rows[b]))
    mean, error = mean_and_error(found)
    assert abs(mean) < 5 * error
    mean, error = mean_and_error(unaware)
    assert mean < -5 * error


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
    # Quantiles of a sample that is half zeros fall together; what lies above still is apart.
    half, above = np.concatenate([np.zeros(90), np.arange(1.0, 91)]), np.full(180, 1e-3)
    assert separation(above, np.zeros(7)) == separation(above, half) == 1
    with pytest.raises(ValueError, match="needs two samples with values; got 0 and 4"):
        separation(np.empty(0), b)


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
    assert found["FPD"].ratio is None and found["KPD"].ratio is None
    assert found["coverage"].ratio is not None


def test_a_judgement_carries_likeness_when_asked() -> None:
    truth = toy_responses(particles=10, copies=4)
    images = [truth.dense().astype(np.int32)]
    plain = judge(truth, images, Settings(floor_repetitions=2))
    assert plain.likeness == {}
    full = judge(truth, images, Settings(floor_repetitions=2, likeness=True, conventions=("o2",)))
    assert set(full.likeness) == set(UNITS)
    assert from_json(full.to_json()).likeness == full.likeness


def test_measures_without_classifiers_are_the_same_and_train_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    truth = toy_responses(particles=10, copies=4)
    images = [truth.dense().astype(np.int32)]
    chosen = Settings(floor_repetitions=2, likeness=True, conventions=("o2",))
    full = judge(truth, images, chosen).likeness

    def trained(*arguments: object) -> None:
        raise AssertionError("a classifier was trained")

    monkeypatch.setattr("zdcsim.evaluation.likeness.told_apart", trained)
    fewer = judge(truth, images, replace(chosen, likeness=False, measures=True)).likeness
    assert fewer == {
        name: found for name, found in full.items() if "AUC" not in name and "JSD" not in name
    }
