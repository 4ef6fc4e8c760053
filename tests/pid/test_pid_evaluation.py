"""Rates, intervals, curves and probabilities against definitions, scipy and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom, binomtest
from sklearn import metrics

from pid.evaluation.domain import domain_auc
from pid.evaluation.intervals import ONE_SIGMA, Interval, Share, share
from pid.evaluation.probabilities import (
    log_loss,
    probabilities,
)
from pid.evaluation.ranking import average_precision, roc_auc, thinned
from pid.evaluation.rates import rates
from pid.working_point import curve

SAMPLES = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=60)
METHODS: tuple[Interval, ...] = ("wilson", "clopper-pearson")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("content", [ONE_SIGMA, 0.95])
@pytest.mark.parametrize(("part", "whole"), [(0, 7), (1, 7), (7, 7), (90, 100), (999, 1000)])
def test_intervals_are_those_of_scipy(
    method: Interval, content: float, part: int, whole: int
) -> None:
    names = {"wilson": "wilson", "clopper-pearson": "exact"}
    expected = binomtest(part, whole).proportion_ci(content, names[method])
    found = share(part, whole, method, content)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert found.value == part / whole


def coverage(method: Interval, whole: int, true: float) -> float:
    """Probability that the interval holds the true share, exactly."""
    parts = np.arange(whole + 1)
    ends = [share(int(part), whole, method) for part in parts]
    inside = np.array([found.low <= true <= found.high for found in ends])  # type: ignore[operator]
    return float(binom.pmf(parts, whole, true)[inside].sum())


def test_clopper_pearson_covers_always_and_wilson_on_average() -> None:
    truths = np.linspace(0.02, 0.98, 97)
    exact = [coverage("clopper-pearson", 30, true) for true in truths]
    assert min(exact) >= ONE_SIGMA
    assert np.mean([coverage("wilson", 30, true) for true in truths]) == pytest.approx(
        ONE_SIGMA, abs=0.03
    )


def test_nothing_counted_has_no_share() -> None:
    assert share(0, 0) == Share(None, None, None, 0)
    with pytest.raises(ValueError, match="3 of 2 is no share"):
        share(3, 2)


@given(SAMPLES)
def test_rates_are_those_of_scikit_learn(sample: list[tuple[int, bool]]) -> None:
    score, truth = arrays(sample)
    selected = score >= 0.5
    found = rates(selected, truth)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, selected, average="binary", zero_division=0.0
    )
    assert (found.purity.value or 0.0) == pytest.approx(precision)
    assert (found.efficiency.value or 0.0) == pytest.approx(recall)
    assert (found.f1.value or 0.0) == pytest.approx(f1)


def test_the_interval_of_f1_covers(rng: np.random.Generator) -> None:
    """Of 2000 samples the interval holds the true F1 in 68 %, as one of a share does."""
    n, held = 400, 0
    probability = np.array([0.3, 0.1, 0.05, 0.55])
    true_f1 = 2 * 0.3 / (2 * 0.3 + 0.15)
    for _ in range(2000):
        kind = rng.choice(4, n, p=probability)
        found = rates(np.isin(kind, (0, 1)), np.isin(kind, (0, 2))).f1
        assert found.low is not None and found.high is not None
        held += found.low <= true_f1 <= found.high
    assert held / 2000 == pytest.approx(ONE_SIGMA, abs=5 * np.sqrt(ONE_SIGMA * 0.32 / 2000))


def arrays(sample: list[tuple[int, bool]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    score, truth = zip(*sample, strict=True)
    return np.array(score) / 20, np.array(truth)


@given(SAMPLES)
def test_areas_are_those_of_scikit_learn(sample: list[tuple[int, bool]]) -> None:
    score, truth = arrays(sample)
    found = curve(score, truth)
    if truth.all() or not truth.any():
        assert roc_auc(found) is None
        return
    assert roc_auc(found) == pytest.approx(metrics.roc_auc_score(truth, score))
    assert average_precision(found) == pytest.approx(metrics.average_precision_score(truth, score))


def test_a_thinned_curve_keeps_its_shape(rng: np.random.Generator) -> None:
    truth = rng.random(20_000) < 0.1
    found = curve(rng.normal(2.0 * truth, 1), truth)
    points = thinned(found)
    assert len(points) <= 202
    assert (points[0], points[-1]) == (0, len(found.scores) - 1)
    area = np.trapezoid(found.efficiency[points], found.false_rate[points])
    assert area == pytest.approx(roc_auc(found), abs=2e-3)


def test_losses_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    score, truth = rng.uniform(0.01, 0.99, 500), rng.random(500) < 0.4
    found = probabilities(score, truth)
    assert found.log_loss == pytest.approx(metrics.log_loss(truth, score))
    assert found.brier == pytest.approx(metrics.brier_score_loss(truth, score))
    assert found.reference_log_loss == pytest.approx(
        -truth.mean() * np.log(truth.mean()) - (~truth).mean() * np.log((~truth).mean())
    )


def test_a_score_that_is_certain_and_wrong_costs_a_finite_loss() -> None:
    assert log_loss(np.array([0.0, 1.0]), np.array([True, True])) == pytest.approx(
        0.5 * np.log(1e7)
    )


def test_alike_domains_cannot_be_told_apart(rng: np.random.Generator) -> None:
    found = domain_auc(rng.normal(size=(2000, 3)), rng.normal(size=(3000, 3)))
    assert (found.simulated, found.measured) == (2000, 2000)
    assert found.value == pytest.approx(0.5, abs=5 * found.error)


def test_shifted_domains_reach_the_auc_of_the_shift(rng: np.random.Generator) -> None:
    """Two normal distributions one standard deviation apart: AUC = Phi(1 / sqrt 2) = 0.760."""
    found = domain_auc(rng.normal(size=(6000, 1)), rng.normal(1, 1, size=(6000, 1)))
    assert found.value == pytest.approx(0.7602, abs=5 * 0.005)


def test_few_tracks_are_no_domain() -> None:
    with pytest.raises(ValueError, match="too few"):
        domain_auc(np.zeros((5, 1)), np.zeros((500, 1)))
