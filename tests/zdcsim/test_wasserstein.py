"""The Wasserstein distance against closed forms and scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from zdcsim.wasserstein import w1

SAMPLES = st.lists(st.integers(-1000, 1000), min_size=1, max_size=60)


@given(SAMPLES, SAMPLES)
def test_equals_scipy(a: list[int], b: list[int]) -> None:
    expected = wasserstein_distance(a, b)
    assert w1(np.array(a), np.array(b)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(SAMPLES, SAMPLES)
def test_is_symmetric(a: list[int], b: list[int]) -> None:
    assert w1(np.array(a), np.array(b)) == w1(np.array(b), np.array(a))


def test_shift() -> None:
    a = np.random.default_rng(1).normal(size=1001)
    assert w1(a, a + 3.25) == pytest.approx(3.25, rel=1e-12)


def test_scaled_uniform() -> None:
    a = (np.arange(1000) + 0.5) / 1000
    assert w1(a, 3 * a) == pytest.approx(1.0, rel=1e-12)


def test_repeating_a_sample_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=97), rng.normal(size=53)
    assert w1(np.tile(a, 5), b) == pytest.approx(w1(a, b), rel=1e-12)


def test_equal_samples_are_exactly_zero_apart() -> None:
    a = np.random.default_rng(3).normal(size=333)
    assert w1(a, np.random.default_rng(4).permutation(np.tile(a, 3))) == 0.0


def test_unequal_sizes_by_hand() -> None:
    assert w1(np.array([0]), np.array([0, 1, 5])) == pytest.approx(2.0)


@pytest.mark.parametrize("bad", [[], [np.nan], [np.inf], [[1.0]]])
def test_rejects_what_has_no_distance(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="one-dimensional, finite samples"):
        w1(np.array(bad, dtype=float), np.array([1.0]))
