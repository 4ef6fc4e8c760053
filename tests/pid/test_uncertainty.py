"""The ensemble's spread: exact for two members, and tied to the errors it foretells."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit

from pid.uncertainty import by_spread, ensemble


def test_two_members() -> None:
    found = ensemble(np.array([[[0.2, 0.9]], [[0.6, 0.9]]]))
    assert found.mean == pytest.approx(np.array([[0.4, 0.9]]))
    assert found.spread == pytest.approx(np.array([[0.4 / np.sqrt(2), 0.0]]))


def test_a_spread_that_grows_with_the_error_is_seen_to(rng: np.random.Generator) -> None:
    n = 20_000
    noise = rng.uniform(0.1, 3, n)
    logit = np.where(rng.random(n) < 0.5, 2.0, -2.0)
    members = np.stack([expit(logit + noise * rng.normal(size=n)) for _ in range(4)])
    (bins,) = by_spread(ensemble(members[:, :, None]), (logit > 0)[:, None], np.array([0.5]))
    assert [found.tracks for found in bins] == [n // 5] * 5
    assert all(low.high <= high.low for low, high in pairwise(bins))
    assert bins[-1].wrong > 5 * bins[1].wrong
    assert bins[-1].mean_square > bins[0].mean_square


def test_one_member_has_no_spread() -> None:
    with pytest.raises(ValueError, match="two members at least"):
        ensemble(np.zeros((1, 3, 2)))
