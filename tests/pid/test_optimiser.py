"""What one step of the optimiser does to weights, in closed form."""

import math

import pytest
import torch
from torch import Tensor, nn

from detcore.distributed import Processes
from pid.objectives.optimiser import Optimiser, OptimiserSettings

ALONE = Processes(0, 1, torch.device("cpu"))
START = ([3.0, -4.0], [0.5, 2.0, -1.0])


def stepped(
    gradients: tuple[list[float], list[float]],
    *,
    learning_rate: float = 0.1,
    weight_decay: float = 0.0,
    clip: float | None = None,
) -> tuple[list[Tensor], list[Tensor]]:
    """Two parameters and their gradients after one step down those gradients."""
    settings = OptimiserSettings(
        learning_rate=learning_rate,
        schedule="constant",
        warmup=0,
        weight_decay=weight_decay,
        clip=clip,
    )
    weights = nn.ParameterList([nn.Parameter(torch.tensor(each)) for each in START])
    optimiser = Optimiser(nn.ModuleList([weights]), settings, 10, ALONE)
    loss = sum(
        ((w * torch.tensor(g)).sum() for w, g in zip(weights, gradients, strict=True)),
        start=torch.zeros(()),
    )
    optimiser.descend(loss)
    found = [p.grad for p in weights if p.grad is not None]
    return [p.detach() for p in weights], found


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_a_step_without_gradient_shrinks_weights_by_the_decay_alone(weight_decay: float) -> None:
    weights, _ = stepped(([0.0] * 2, [0.0] * 3), learning_rate=0.2, weight_decay=weight_decay)
    for found, start in zip(weights, START, strict=True):
        torch.testing.assert_close(found, (1 - 0.2 * weight_decay) * torch.tensor(start))


def test_a_huge_gradient_is_clipped_to_the_norm_of_all_parameters_together() -> None:
    huge = ([3e6, 0.0], [0.0, -4e6, 0.0])
    _, found = stepped(huge, clip=0.7)
    assert math.hypot(*(float(each.norm()) for each in found)) == pytest.approx(0.7, rel=1e-5)
    torch.testing.assert_close(found[0], torch.tensor([0.42, 0.0]))
    torch.testing.assert_close(found[1], torch.tensor([0.0, -0.56, 0.0]))
    _, free = stepped(huge, clip=None)
    torch.testing.assert_close(free[0], torch.tensor(huge[0]))


def test_a_gradient_below_the_norm_stays() -> None:
    small = ([0.03, 0.0], [0.0, -0.04, 0.0])
    _, found = stepped(small, clip=0.7)
    for each, expected in zip(found, small, strict=True):
        torch.testing.assert_close(each, torch.tensor(expected))
