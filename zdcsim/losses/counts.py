"""How unlikely counts are, given the light they were drawn from.

Axis key: B responses of Nx by Ny fibres.
"""

import torch
from torch import Tensor


def count_loss(counts: Tensor, expected: Tensor, clustering: Tensor) -> Tensor:
    """Minus the log likelihood of each response under the negative binomial distribution.

    With mean m and variance m (1 + c), the number of clusters is m / c and

        log p(n) = lgamma(n + m/c) - lgamma(m/c) - lgamma(n + 1)
                   + n log(c / (1 + c)) - (m/c) log(1 + c).

    Arguments:
        counts: Whole photo-electrons, shape (B, Nx, Ny).
        expected: Positive, shape (B, Nx, Ny).
        clustering: Positive, shape (B, 1).

    Returns:
        In nats, shape (B,).
    """
    clustering = clustering[:, :, None]
    clusters = expected / clustering
    unlikely = (
        torch.lgamma(clusters)
        + torch.lgamma(counts + 1)
        - torch.lgamma(counts + clusters)
        + counts * torch.log1p(1 / clustering)
        + clusters * torch.log1p(clustering)
    )
    return unlikely.sum((1, 2))
