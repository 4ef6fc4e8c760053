"""Deep CORAL: the distance between the second moments of two embeddings.

Source: Sun and Saenko, https://arxiv.org/abs/1607.01719, equation 1 to 3.

Axis key: B tracks of the source, C tracks of the target, E numbers of the embedding.
"""

import torch
from torch import Tensor


def coral_distance(source: Tensor, target: Tensor) -> Tensor:
    """Squared Frobenius norm of the difference of covariances, over 4 E squared.

    Arguments:
        source: Shape (B, E), B at least 2.
        target: Shape (C, E), C at least 2.

    Raises:
        ValueError: If there are too few tracks or the widths differ.
    """
    if min(len(source), len(target)) < 2 or source.shape[1] != target.shape[1]:
        raise ValueError(
            "CORAL compares at least two embeddings of equal width from each domain; got shapes "
            f"{tuple(source.shape)} and {tuple(target.shape)}"
        )
    difference = torch.cov(source.T) - torch.cov(target.T)
    return difference.square().sum() / (4 * source.shape[1] ** 2)
