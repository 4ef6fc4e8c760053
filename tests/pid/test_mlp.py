"""Imputation: what is put where a value is missing."""

import numpy as np
import pytest
import torch
from toy_classifiers import FEATURES, made, toy_values

from pid.models.imputation import Imputer
from pid.models.mlp import MlpClassifier


def test_mean_imputation_puts_the_mean_of_what_is_present(rng: np.random.Generator) -> None:
    values = toy_values(200, rng) + torch.arange(FEATURES)
    imputer = Imputer(FEATURES, "mean")
    imputer.fit(values)
    seen = values.numpy()
    expected = np.where(np.isnan(seen), np.nanmean(seen, axis=0), seen)
    np.testing.assert_allclose(imputer(values).numpy(), expected, rtol=1e-5, atol=1e-6)


def test_regression_finds_an_exact_linear_relation(rng: np.random.Generator) -> None:
    truth = torch.from_numpy(rng.standard_normal((300, FEATURES)).astype(np.float32))
    truth[:, 1] = 2 * truth[:, 0] - truth[:, 5] + 3
    truth[:, 2] = 0.5 * truth[:, 4] - 1
    seen = truth.clone()
    seen[::2, 1] = torch.nan
    seen[::3, 2:4] = torch.nan
    imputer = Imputer(FEATURES, "regression")
    imputer.fit(seen)
    found = imputer(seen)
    torch.testing.assert_close(found[:, [0, 1, 2, 4, 5]], truth[:, [0, 1, 2, 4, 5]])
    complete = ~seen.isnan().any(dim=1)
    design = np.column_stack([seen[complete][:, [0, 4, 5]], np.ones(int(complete.sum()))])
    weights, *_ = np.linalg.lstsq(design, seen[complete][:, 3].numpy(), rcond=None)
    rows = np.column_stack([seen[::3][:, [0, 4, 5]], np.ones(100)])
    np.testing.assert_allclose(found[::3, 3], rows @ weights, atol=1e-5)


def test_regression_uses_complete_rows_only(rng: np.random.Generator) -> None:
    values = toy_values(400, rng)
    changed = values.clone()
    incomplete = changed.isnan().any(dim=1)
    # Of incomplete rows only the mean of what stands in for always-present features counts.
    changed[incomplete, 1] = 100.0 + torch.where(
        changed[incomplete, 1].isnan(), torch.nan, changed[incomplete, 1]
    )
    first, second = Imputer(FEATURES, "regression"), Imputer(FEATURES, "regression")
    first.fit(values)
    second.fit(changed)
    assert torch.equal(first.slope, second.slope)
    assert torch.equal(first.offset, second.offset)
    assert not torch.equal(first.mean, second.mean)


def test_a_feature_that_should_never_miss_gets_its_mean(rng: np.random.Generator) -> None:
    values = toy_values(200, rng) + 2
    imputer = Imputer(FEATURES, "regression")
    imputer.fit(values)
    odd = values[3:4].clone()
    odd[0, 4] = torch.nan
    told = odd.clone()
    told[0, 4] = values[:, 4].mean()
    torch.testing.assert_close(imputer(odd), imputer(told))
    torch.testing.assert_close(imputer(odd)[0, 4], values[:, 4].mean())


def test_what_cannot_be_estimated_is_said() -> None:
    with pytest.raises(ValueError, match=r"features \[2\] are missing in all training tracks"):
        Imputer(3, "mean").fit(torch.tensor([[1.0, 2.0, torch.nan]]))
    gaps = torch.tensor([[1.0, torch.nan], [2.0, torch.nan], [torch.nan, 1.0]])
    with pytest.raises(ValueError, match="regression needs complete training tracks"):
        Imputer(2, "regression").fit(gaps)


def test_only_flags_tell_a_missing_value_from_the_mean(rng: np.random.Generator) -> None:
    values = toy_values(2, rng)[:1].repeat(2, 1)
    for family, told in (("mean", False), ("flags", True)):
        classifier = made(family)
        assert isinstance(classifier, MlpClassifier)
        values[0, 1], values[1, 1] = torch.nan, classifier.imputer.mean[1]
        missing, present = classifier(values)
        assert bool((missing - present).abs().max() > 1e-3) == told
