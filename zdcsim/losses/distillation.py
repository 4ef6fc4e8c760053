"""How far a student's ends of paths lie from its teacher's.

Axis key: B rows, M numbers a row.
"""

from torch import Tensor


def distillation_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared distance between the two ends of the same noise, shape ().

    Arguments:
        student: Shape (B, M).
        teacher: Shape (B, M).

    Source:
        E. Luhman, T. Luhman, https://arxiv.org/abs/2101.02388, equation 8.
    """
    return (student - teacher).square().mean()
