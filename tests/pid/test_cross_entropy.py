"""Cross-entropies, the schedule of step sizes, and reproducible dropout."""

import numpy as np
import pytest
import torch

from pid.losses.cross_entropy import binary, categorical
from pid.objectives.dropout import dropout
from pid.objectives.optimiser import OptimiserSettings, step_size
from pid.sample.labels import class_weights, rarity

LOGITS = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])
LABELS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
WEIGHT = torch.tensor([2.0, 5.0, 1.0])


def test_the_binary_form_is_minus_log_p() -> None:
    p = 1 / (1 + np.exp(-LOGITS.double().numpy()))
    true = LABELS.numpy() > 0
    terms = -np.log(np.where(true, p, 1 - p))
    assert float(binary(LOGITS, LABELS)) == pytest.approx(terms.mean(), rel=1e-6)
    weighted = np.where(true, WEIGHT.numpy(), 1) * terms
    assert float(binary(LOGITS, LABELS, WEIGHT)) == pytest.approx(weighted.mean(), rel=1e-6)


def test_the_categorical_form_is_minus_log_p() -> None:
    odds = np.exp(LOGITS.double().numpy())
    terms = -np.log((odds / odds.sum(1, keepdims=True))[LABELS.numpy() > 0])
    assert float(categorical(LOGITS, LABELS)) == pytest.approx(terms.mean(), rel=1e-6)
    weighted = (terms * [2, 5]).mean()
    assert float(categorical(LOGITS, LABELS, WEIGHT)) == pytest.approx(weighted, rel=1e-6)
    shares = [categorical(LOGITS[i : i + 1], LABELS[i : i + 1], WEIGHT) for i in (0, 1)]
    assert float(torch.stack(shares).mean()) == pytest.approx(weighted, rel=1e-6)
    with pytest.raises(ValueError, match=r"labels must have the shape \(2, 3\) of the logits"):
        categorical(LOGITS, LABELS[:, :2])


@pytest.mark.parametrize("output", ["multi_class", "one_vs_rest"])
def test_weights_of_rare_targets_make_all_equally_likely(output: str) -> None:
    """The loss of a classifier that knows nothing is least where it says so."""
    labels = np.zeros((200, 4), np.float32)
    labels[np.arange(200), np.repeat([0, 1, 2, 3], [150, 30, 15, 5])] = 1
    weight = torch.from_numpy((class_weights if output == "multi_class" else rarity)(labels))
    logits = torch.zeros(200, 4, requires_grad=True)
    loss = categorical if output == "multi_class" else binary
    (slope,) = torch.autograd.grad(loss(logits, torch.from_numpy(labels), weight), logits)
    assert slope.sum(dim=0).abs().max() < 1e-6
    if output == "multi_class":
        assert weight.tolist() == pytest.approx([1 / 3, 5 / 3, 10 / 3, 10])


def test_step_sizes_follow_their_schedule() -> None:
    cosine = OptimiserSettings(learning_rate=0.1, warmup=4)
    sizes = [step_size(cosine, step, 100) for step in (0, 1, 50, 100)]
    assert sizes == pytest.approx([0.02, 0.04, 0.05, 0.0], rel=1e-3)
    falling = OptimiserSettings(learning_rate=0.1, schedule="exponential", half_life=10, warmup=0)
    assert step_size(falling, 20, 100) == pytest.approx(0.025)
    steady = OptimiserSettings(learning_rate=0.1, schedule="constant", warmup=0)
    assert step_size(steady, 99, 100) == 0.1


def test_randomness_follows_from_seed_and_step() -> None:
    drawn = []
    for seed, step, rank in ((1, 1, 0), (1, 1, 0), (1, 2, 0), (2, 1, 0), (1, 1, 1)):
        with dropout(seed, step, rank):
            drawn.append(torch.rand(4))
    assert torch.equal(drawn[0], drawn[1])
    assert len({tuple(numbers.tolist()) for numbers in drawn}) == 4
