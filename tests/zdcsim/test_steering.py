"""Latents drawn under conditions, against the closed forms of the normal law."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from zdcsim.geometry import ZN, ZP
from zdcsim.steering import check_possible, constrained, parsed

BRIDGE = np.array([[1.0, 0.5, 0.0, 0.3], [0.4, -1.0, 0.7, 0.0]])
N = 20_000


def drawn(low: list[float], high: list[float], bridge: NDArray[np.float64]) -> NDArray[np.floating]:
    rng = np.random.default_rng(4)
    latent = rng.standard_normal((N, bridge.shape[1]))
    below, above = (np.broadcast_to(bound, (N, len(bridge))) for bound in (low, high))
    return constrained(latent, bridge, below, above, rng)


def test_given_values_are_met_and_the_rest_keeps_its_conditional_law() -> None:
    given = np.array([1.3, -0.7])
    latent = drawn(given.tolist(), given.tolist(), BRIDGE)
    np.testing.assert_allclose(latent @ BRIDGE.T, np.broadcast_to(given, (N, 2)), atol=1e-5)
    gain = BRIDGE.T @ np.linalg.inv(BRIDGE @ BRIDGE.T)
    mean, covariance = gain @ given, np.eye(4) - gain @ BRIDGE
    error = np.sqrt(np.diag(covariance) / N)
    assert (np.abs(latent.mean(0) - mean) < 5 * error).all()
    assert np.abs(np.cov(latent.T) - covariance).max() < 5 * math.sqrt(2 / N)


def test_a_bounded_number_is_truncated_normal() -> None:
    row = BRIDGE[:1]
    spread = math.sqrt((row**2).sum())
    number = drawn([0.4], [1.1], row) @ row[0]
    assert number.min() > 0.4 - 1e-5 and number.max() < 1.1 + 1e-5
    law = stats.truncnorm(0.4 / spread, 1.1 / spread, scale=spread)
    assert stats.kstest(number, law.cdf).pvalue > 5.7e-7  # five standard deviations


def test_two_bounded_numbers_keep_their_correlation() -> None:
    latent = drawn([0.5, 0.2], [math.inf, 1.5], BRIDGE)
    rng = np.random.default_rng(5)
    free = rng.standard_normal((60 * N, 4))
    numbers = free @ BRIDGE.T
    kept = numbers[(numbers[:, 0] > 0.5) & (numbers[:, 1] > 0.2) & (numbers[:, 1] < 1.5)]
    found = latent @ BRIDGE.T
    for j in range(2):
        error = kept[:, j].std() * math.sqrt(1 / N + 1 / len(kept))
        assert abs(found[:, j].mean() - kept[:, j].mean()) < 5 * error
    difference = np.corrcoef(found.T)[0, 1] - np.corrcoef(kept.T)[0, 1]
    assert abs(difference) < 5 * math.sqrt(1 / N + 1 / len(kept))


def test_a_row_does_not_depend_on_the_others_of_its_batch() -> None:
    latent = np.random.default_rng(6).standard_normal((9, 4))
    low, high = (np.broadcast_to(bound, (9, 2)) for bound in ([0.5, 0.2], [math.inf, 1.5]))
    whole = constrained(latent, BRIDGE, low, high, np.random.default_rng(1))
    rng = np.random.default_rng(1)
    parts = [
        constrained(latent[rows], BRIDGE, low[rows], high[rows], rng)
        for rows in (slice(0, 2), slice(2, 9))
    ]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-6)


def test_bounds_far_in_the_tail_are_kept() -> None:
    for low, high in ((9.0, 9.5), (-math.inf, -12.0), (30.0, math.inf)):
        number = drawn([low], [high], np.eye(1))[:, 0]
        assert number.min() >= low and number.max() <= high
    assert drawn([9.0], [math.inf], np.eye(1)).mean() == pytest.approx(9.11, abs=0.02)


def test_an_open_property_keeps_its_law() -> None:
    number = drawn([-math.inf, 0.0], [math.inf, 0.0], BRIDGE) @ BRIDGE[0]
    covariance = BRIDGE @ BRIDGE.T
    spread = math.sqrt(covariance[0, 0] - covariance[0, 1] ** 2 / covariance[1, 1])
    assert stats.kstest(number / spread, "norm").pvalue > 5.7e-7


def test_properties_that_hang_together_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be chosen independently"):
        drawn([0.0, 0.0], [0.0, 0.0], np.array([[1.0, 2.0], [2.0, 4.0]]))
    with pytest.raises(ValueError, match="cannot be chosen independently"):
        drawn([0.0], [0.0], np.zeros((1, 4)))


def test_texts_are_values_or_ranges() -> None:
    texts = ["photon_sum=800", "center_x=19..21.5", "maximum=..100", "occupancy=3.."]
    assert parsed(texts) == {
        "photon_sum": (800, 800),
        "center_x": (19, 21.5),
        "maximum": (-math.inf, 100),
        "occupancy": (3, math.inf),
    }
    for wrong in ("photon_sum", "photon_sum=", "photon_sum=many", "photon_sum=9..3"):
        with pytest.raises(ValueError, match=r"must be a number, or low\.\.high"):
            parsed([wrong])
    with pytest.raises(ValueError, match=r"'energy=3' names no property; expected one of center"):
        parsed(["energy=3"])
    with pytest.raises(ValueError, match="photon_sum is given twice"):
        parsed(["photon_sum=3", "photon_sum=5"])


def test_what_no_response_can_have_is_refused() -> None:
    possible = ["center_x=44", "center_y=0..3", "occupancy=1..9999", "photon_sum=0", "maximum=7.."]
    check_possible(parsed(possible), ZN)
    for text in ("center_x=44.1", "center_y=-2..-1", "occupancy=1937..", "photon_sum=-5"):
        with pytest.raises(ValueError, match=r"no response of the ZN has .* possible are 0 "):
            check_possible(parsed([text]), ZN)
    check_possible(parsed(["center_x=50"]), ZP)
