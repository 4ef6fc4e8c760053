"""How far a network is from what a path between noise and data asks of it.

Axis key: B rows, M numbers a row.
"""

from typing import Literal

from torch import Tensor

Weighting = Literal["plain", "unit"]


def matching_loss(found: Tensor, target: Tensor, outward: Tensor, weighting: Weighting) -> Tensor:
    """Mean squared error over rows and numbers, shape ().

    Arguments:
        found: Shape (B, M).
        target: Shape (B, M).
        outward: What the network's own numbers were multiplied by, shape (B, 1).
        weighting: `plain` takes all times alike, as flow matching does; `unit` divides by
            `outward`, so that the network's own error counts alike at all times.

    Source:
        https://arxiv.org/abs/2210.02747, equation 9; https://arxiv.org/abs/2206.00364, table 1.
    """
    error = found - target
    if weighting == "unit":
        error = error / outward
    return error.square().mean()
