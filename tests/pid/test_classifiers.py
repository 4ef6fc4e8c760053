"""What every network promises, whatever its family."""

from pathlib import Path

import numpy as np
import pytest
import torch
from toy_classifiers import FAMILIES, FEATURES, made, toy_values

from pid.models.classifier import Classifier
from pid.models.mlp import MlpClassifier


@pytest.fixture(params=FAMILIES)
def classifier(request: pytest.FixtureRequest) -> Classifier:
    return made(request.param)


def test_logits_are_finite_for_every_pattern(
    classifier: Classifier, rng: np.random.Generator
) -> None:
    values = toy_values(12, rng)
    values[-1] = torch.nan
    logits = classifier(values)
    assert logits.shape == (12, 3)
    assert torch.isfinite(logits).all()
    assert classifier.embed(values).shape == (12, classifier.embedding_width)
    assert len(logits.unique(dim=0)) == 12


def test_no_row_depends_on_another(classifier: Classifier, rng: np.random.Generator) -> None:
    values = toy_values(8, rng)
    alone = torch.cat([classifier(row.unsqueeze(0)) for row in values])
    torch.testing.assert_close(classifier(values), alone, rtol=0, atol=1e-6)
    assert classifier(values[:0]).shape == (0, 3)


def test_eval_mode_is_deterministic_and_training_mode_drops_out(
    classifier: Classifier, rng: np.random.Generator
) -> None:
    values = toy_values(64, rng)
    assert torch.equal(classifier(values), classifier(values))
    classifier.train()
    assert not torch.equal(classifier(values), classifier(values))


def test_a_gradient_reaches_every_parameter(
    classifier: Classifier, rng: np.random.Generator
) -> None:
    torch.autograd.backward(classifier(toy_values(64, rng)).square().sum())
    without = [
        name
        for name, parameter in classifier.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]
    assert without == []


@pytest.mark.parametrize("family", FAMILIES)
def test_saved_weights_carry_what_was_estimated(
    family: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    first = made(family, seed=1)
    torch.save(first.state_dict(), tmp_path / "weights.pt")
    other = FAMILIES[family](3).eval()
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    values = toy_values(12, rng)
    assert torch.equal(first(values), other(values))


def test_probabilities_are_sigmoids_or_add_up_to_one(rng: np.random.Generator) -> None:
    values = toy_values(12, rng)
    binary = MlpClassifier(FEATURES, 4).eval()
    torch.testing.assert_close(binary.probabilities(values), 1 / (1 + torch.exp(-binary(values))))
    shares = MlpClassifier(FEATURES, 4, "multi_class").eval()
    odds = shares(values).exp()
    torch.testing.assert_close(shares.probabilities(values), odds / odds.sum(1, keepdim=True))


def test_a_single_class_is_refused() -> None:
    with pytest.raises(ValueError, match="multi_class classifier cannot have 6 features and 1"):
        MlpClassifier(FEATURES, 1, "multi_class")
