"""Gradient reversal, the adversary, and what adaptation does to a shift that is known."""

import math

import numpy as np
import pytest
import torch
from toy_classifiers import made, toy_values

from detcore.distributed import Processes
from pid.adaptation.discriminator import DomainDiscriminator, domain_loss, multilinear
from pid.adaptation.gradient_reversal import reversed_gradient, strength_at
from pid.adaptation.separation import variance_between
from pid.models.mlp import MlpClassifier
from pid.objectives.adaptation import Adaptation, CdanSettings, DannSettings
from pid.objectives.classification import ClassificationSettings
from pid.objectives.optimiser import OptimiserSettings
from pid.sample.batches import Labelled, Pair, Unlabelled

STEPS = 400
ALONE = Processes(0, 1, torch.device("cpu"))
STEADY = ClassificationSettings(optimiser=OptimiserSettings(schedule="constant", warmup=0))


def test_values_pass_and_gradients_turn_around() -> None:
    values = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    passed = reversed_gradient(values, 0.5)
    assert torch.equal(passed, values)
    torch.autograd.backward((passed * torch.tensor([1.0, 2.0, 3.0])).sum())
    assert values.grad is not None
    assert values.grad.tolist() == [-0.5, -1.0, -1.5]


def test_the_strength_rises_from_nothing_as_published() -> None:
    assert strength_at(0.0) == 0.0
    assert strength_at(0.1) == pytest.approx(math.tanh(0.5))
    assert strength_at(1.0, final=2.0) == pytest.approx(2 * math.tanh(5))


def test_the_domain_loss_is_a_cross_entropy() -> None:
    undecided = torch.zeros(3)
    torch.testing.assert_close(domain_loss(undecided, torch.zeros(5)), torch.tensor(math.log(2)))
    right = domain_loss(torch.full((3,), 2.0), torch.full((5,), -2.0))
    torch.testing.assert_close(right, torch.tensor(math.log1p(math.exp(-2))))


def test_the_conditional_adversary_sees_all_products() -> None:
    embedding = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    probabilities = torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    expected = [torch.outer(e, p).flatten() for e, p in zip(embedding, probabilities, strict=True)]
    torch.testing.assert_close(multilinear(embedding, probabilities), torch.stack(expected))


def pair(rng: np.random.Generator) -> Pair:
    labels = torch.eye(3)[torch.from_numpy(rng.integers(3, size=64))]
    return Pair(Labelled(toy_values(64, rng), labels), Unlabelled(toy_values(64, rng) + 1))


def gradients(settings: DannSettings | CdanSettings, batch: Pair) -> dict[str, torch.Tensor]:
    """Gradient of each parameter in the middle of training, entropy apart."""
    classifier = made("flags")
    objective = Adaptation(classifier, STEADY, settings, 2, 1, ALONE)
    objective.optimiser.done = 1
    both = torch.cat([batch.source.values, batch.target.values])
    embedding = classifier.embed(both)
    domain = objective._domain(embedding, classifier.classify(embedding), 64)
    torch.autograd.backward(domain)
    named = objective.optimiser.networks.named_parameters()
    return {name: p.grad.clone() for name, p in named if p.grad is not None}


@pytest.mark.parametrize("method", [DannSettings(method="dann"), CdanSettings(method="cdan")])
def test_the_embedding_learns_to_deceive(
    method: DannSettings | CdanSettings,
    monkeypatch: pytest.MonkeyPatch,
    rng: np.random.Generator,
) -> None:
    """Against the same step without reversal: the adversary's gradient alike, the rest turned."""
    batch = pair(rng)
    with torch.random.fork_rng(devices=[]):
        turned = gradients(method, batch)
    monkeypatch.setattr("pid.objectives.adaptation.reversed_gradient", lambda values, _: values)
    with torch.random.fork_rng(devices=[]):
        straight = gradients(method, batch)
    strength = strength_at(0.5)
    assert turned.keys() == straight.keys()
    for name, gradient in turned.items():
        sign = 1.0 if name.startswith("1.") else -strength
        torch.testing.assert_close(gradient, sign * straight[name])
    assert not any("head" in name for name in turned)
    assert any(name.startswith("0.trunk") for name in turned)


def test_the_adversary_has_one_logit_for_each_track() -> None:
    assert DomainDiscriminator(5)(torch.zeros(7, 5)).shape == (7,)


def test_separation_is_the_variance_between_means(rng: np.random.Generator) -> None:
    source, target = rng.standard_normal((500, 3)), 2 * rng.standard_normal((300, 3)) + 1
    weight = np.repeat([1 / 500, 1 / 300], [500, 300]) / 2
    both = np.concatenate([source, target])
    total = weight @ (both - weight @ both) ** 2
    means = np.stack([source.mean(0), target.mean(0)])
    expected = means.var(axis=0).sum() / total.sum()
    assert variance_between(source, target) == pytest.approx(expected, rel=1e-12)
    assert variance_between(source, source) == 0
    assert variance_between(np.zeros((4, 2)), np.ones((3, 2))) == 1


def test_adaptation_forgets_a_shifted_feature_that_tells_nothing(rng: np.random.Generator) -> None:
    """Species differ in the first feature, domains in the second."""
    kaon = rng.random(2000) < 0.5
    species = np.stack([3 * kaon, np.zeros(2000)], axis=1)
    source = rng.standard_normal((2000, 2)) + species
    target = rng.standard_normal((2000, 2)) + species + np.array([0, 2.5])
    labels = torch.from_numpy(np.stack([~kaon, kaon], axis=1).astype(np.float32))
    values = [torch.from_numpy(part.astype(np.float32)) for part in (source, target)]
    judged, losses = {}, {}
    for strength in (1e-9, 1.0):
        objective = adapted(DannSettings(method="dann", strength=strength, hidden=16))
        terms = []
        for step in range(STEPS):
            rows = torch.arange(step * 64, step * 64 + 128) % 2000
            batch = Pair(Labelled(values[0][rows], labels[rows]), Unlabelled(values[1][rows]))
            terms.append(objective.step(batch)["domain"])
        judged[strength] = np.mean(terms[-50:])
        losses[strength] = objective.log_loss(Labelled(values[0], labels))
    # An adversary that cannot tell the domains apart has a loss of log 2 = 0.69.
    assert judged[1e-9] < 0.4
    assert judged[1.0] > 0.5
    assert losses[1.0] < 1.1 * losses[1e-9]


def adapted(settings: DannSettings) -> Adaptation:
    rates = OptimiserSettings(learning_rate=0.004, warmup=0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        classifier = MlpClassifier(2, 2, hidden=(16, 8), dropout=0.0)
        classification = ClassificationSettings(optimiser=rates)
        return Adaptation(classifier, classification, settings, STEPS, 1, ALONE)
