"""Calibration: known distortions are undone, the likelihood is at its maximum."""

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from pid.calibration import (
    Bins,
    Calibration,
    activated,
    expected_calibration_error,
    fit,
    reliability,
)

N = 40_000


def one_of(probability: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.bool_]:
    """A class for every row, as a mask of shape (N, T)."""
    drawn = rng.random(len(probability))[:, None] > np.cumsum(probability, axis=1)
    chosen: NDArray[np.bool_] = drawn.sum(axis=1)[:, None] == np.arange(probability.shape[1])
    return chosen


def test_platt_undoes_a_known_distortion(rng: np.random.Generator) -> None:
    logit = rng.normal(-1, 2, (N, 2))
    truth = rng.random((N, 2)) < expit(logit)
    distorted = logit * np.array([2.0, 0.5]) + np.array([1.0, -0.3])
    found = fit("sigmoid", distorted, truth)
    slope_error = 5 / np.sqrt(N * 0.4)
    assert np.array(found.scale) * [2.0, 0.5] == pytest.approx([1, 1], abs=slope_error)
    assert found.probability(distorted) == pytest.approx(expit(logit), abs=0.03)
    for target in range(2):
        before = expected_calibration_error(expit(distorted[:, target]), truth[:, target])
        after = expected_calibration_error(
            found.probability(distorted)[:, target], truth[:, target]
        )
        assert after < 0.01 < before


def test_platt_is_the_maximum_of_the_likelihood(rng: np.random.Generator) -> None:
    logit = rng.normal(0, 1, 500)
    truth = rng.random(500) < expit(0.7 * logit - 0.4)

    def loss(at: NDArray[np.float64]) -> float:
        raised = at[0] * logit + at[1]
        return float(np.mean(np.logaddexp(0, raised) - truth * raised))

    slow = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-14})
    found = fit("sigmoid", logit[:, None], truth[:, None])
    assert (found.scale[0], found.bias[0]) == pytest.approx(tuple(slow.x), abs=1e-5)


def test_temperature_is_the_maximum_of_the_likelihood(rng: np.random.Generator) -> None:
    logits = rng.normal(0, 2, (800, 4))
    truth = one_of(softmax(0.5 * logits + [0.5, 0, 0, -0.5], axis=1), rng)

    def loss(at: NDArray[np.float64]) -> float:
        raised = at[0] * logits + np.append(0, at[1:])
        return -float(log_softmax(raised, axis=1)[truth].mean())

    slow = minimize(loss, [1.0, 0, 0, 0], method="BFGS", options={"gtol": 1e-9})
    found = fit("softmax", logits, truth)
    assert found.scale == pytest.approx((slow.x[0],) * 4, abs=1e-5)
    assert np.array(found.bias) - found.bias[0] == pytest.approx(np.append(0, slow.x[1:]), abs=1e-5)
    assert sum(found.bias) == pytest.approx(0, abs=1e-12)
    assert found.probability(logits).sum(axis=1) == pytest.approx(1, abs=1e-12)


def test_an_extreme_start_converges(rng: np.random.Generator) -> None:
    """Logits a hundred times too large: full Newton steps from 1 would run away."""
    logit = rng.normal(0, 1.5, (N, 1))
    truth = rng.random((N, 1)) < expit(logit)
    found = fit("sigmoid", 100 * logit + 500, truth)
    assert found.probability(100 * logit + 500) == pytest.approx(expit(logit), abs=0.03)


def test_a_score_the_wrong_way_round_becomes_the_share(rng: np.random.Generator) -> None:
    logit = rng.normal(size=(2000, 1))
    truth = rng.random((2000, 1)) < expit(-3 * logit - 1)
    found = fit("sigmoid", logit, truth).probability(logit)
    assert found == pytest.approx(truth.mean(), abs=1e-6)


def test_separated_targets_stay_finite() -> None:
    logit = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    found = fit("sigmoid", logit, logit > 0)
    assert np.isfinite([*found.scale, *found.bias]).all()


def test_calibration_error_of_a_known_bias(rng: np.random.Generator) -> None:
    """Probabilities that are 0.1 too high are 0.1 off; perfect ones nearly nothing."""
    true = rng.uniform(0.2, 0.8, N)
    truth = rng.random(N) < true
    assert expected_calibration_error(true + 0.1, truth) == pytest.approx(0.1, abs=5 * 0.5 / N**0.5)
    for by in get_args(Bins):
        assert expected_calibration_error(true, truth, 15, by) < 5 * 0.5 * np.sqrt(15 / N)


def test_bins_hold_every_track_once() -> None:
    probability = np.array([0.0, 0.05, 0.5, 0.99, 1.0])
    truth = np.array([False, False, True, True, True])
    mean, share, tracks = reliability(probability, truth, bins=10)
    assert tracks.tolist() == [2, 1, 2]
    assert mean == pytest.approx([0.025, 0.5, 0.995])
    assert share.tolist() == [0, 1, 1]
    assert reliability(probability, truth, bins=2, by="mass")[2].tolist() == [3, 2]


def test_sigmoid_is_stable() -> None:
    found = activated("sigmoid", np.array([-800.0, 0.0, 800.0]))
    assert found.tolist() == [0.0, 0.5, 1.0]
    assert activated("softmax", np.array([[900.0, 899.0]])) == pytest.approx(
        softmax([[1.0, 0.0]]), abs=1e-12
    )


@pytest.mark.parametrize(
    ("activation", "logits", "truth", "said"),
    [
        ("sigmoid", np.zeros((3, 2)), np.zeros((3, 1), bool), "must both be"),
        ("sigmoid", np.full((2, 1), np.nan), np.array([[True], [False]]), "2 logits"),
        ("sigmoid", np.zeros((2, 1)), np.zeros((2, 1), bool), r"targets \[0\]"),
        ("softmax", np.zeros((2, 2)), np.array([[True, True], [False, False]]), "exactly one"),
    ],
)
def test_what_cannot_be_fitted_is_said(
    activation: str, logits: NDArray[np.float64], truth: NDArray[np.bool_], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        fit(activation, logits, truth)  # type: ignore[arg-type]


def test_a_scale_that_turns_scores_round_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        Calibration("sigmoid", (-1.0,), (0.0,))
