"""The layer that passes numbers on unchanged and turns gradients around.

Source: Ganin and Lempitsky, https://arxiv.org/abs/1409.7495, section 3.1 and 4.

Axis key: none.
"""

import math

import torch
from torch import Tensor


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, values: Tensor, strength: float
    ) -> Tensor:
        ctx.strength = strength  # type: ignore[attr-defined]
        return values.view_as(values)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradient, None  # type: ignore[attr-defined]


def reversed_gradient(values: Tensor, strength: float) -> Tensor:
    """The same values; their gradient will be multiplied by -strength."""
    result: Tensor = _Reversal.apply(values, strength)  # type: ignore[no-untyped-call]
    return result


def strength_at(progress: float, final: float = 1.0, steepness: float = 10.0) -> float:
    """Strength of the reversal: 0 at the start of training, close to `final` at its end.

    Arguments:
        progress: Share of the steps done, 0 to 1.
        final: What it tends to.
        steepness: Of the rise, 10 in the paper.

    Source:
        Ganin et al., https://arxiv.org/abs/1505.07818, section 5.2.2.
    """
    return final * (2 / (1 + math.exp(-steepness * progress)) - 1)
