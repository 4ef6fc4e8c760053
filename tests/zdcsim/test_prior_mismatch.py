"""Shares of light over particles."""

import numpy as np
import pytest
import torch
from prior_mismatch import photons, share


def test_light_is_that_of_both_responses_of_a_particle() -> None:
    counts = torch.tensor([[[1.0, 2.0]], [[0.0, 4.0]], [[3.0, 0.0]], [[0.0, 0.0]]])
    assert photons(torch.log1p(counts)).tolist() == [7.0, 3.0]


def test_the_error_of_a_share_is_that_of_leaving_particles_out() -> None:
    rng = np.random.default_rng(5)
    truth = rng.gamma(2.0, 300.0, 400)
    made = 0.4 * truth * rng.lognormal(0.0, 0.5, 400)
    found = share(made, truth)
    without = (made.sum() - made) / (truth.sum() - truth)
    jackknife = np.sqrt(399 / 400 * np.sum((without - without.mean()) ** 2))
    assert found["value"] == pytest.approx(made.sum() / truth.sum())
    # The jackknife is the same to the first order in 1 / 400.
    assert found["error"] == pytest.approx(jackknife, rel=0.01)
    assert share(0.4 * truth, truth)["error"] == pytest.approx(0.0, abs=1e-12)
