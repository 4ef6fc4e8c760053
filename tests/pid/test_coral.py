"""Deep CORAL: a distance that vanishes for equal covariances."""

import numpy as np
import pytest
import torch

from pid.adaptation.coral import coral_distance


def test_the_distance_is_that_of_the_covariances(rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((40, 3)), 2 * rng.standard_normal((30, 3))
    expected = np.sum((np.cov(a.T) - np.cov(b.T)) ** 2) / (4 * 3**2)
    found = coral_distance(torch.from_numpy(a), torch.from_numpy(b))
    assert float(found) == pytest.approx(expected, rel=1e-12)


def test_a_displacement_is_no_distance_but_a_stretch_is(rng: np.random.Generator) -> None:
    a = torch.from_numpy(rng.standard_normal((50, 4)))
    assert float(coral_distance(a, a + 3)) == pytest.approx(0, abs=1e-12)
    covariance = torch.cov(a.T)
    expected = float((3 * covariance).square().sum() / 64)
    assert float(coral_distance(a, 2 * a)) == pytest.approx(expected, rel=1e-9)


def test_single_tracks_have_no_covariance() -> None:
    with pytest.raises(
        ValueError, match=r"at least two embeddings .* shapes \(1, 4\) and \(5, 4\)"
    ):
        coral_distance(torch.zeros(1, 4), torch.zeros(5, 4))
