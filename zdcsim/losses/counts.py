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

    A dark fibre leaves only the last term, so the gamma functions, which cost most, are taken at
    the lit ones alone.

    Arguments:
        counts: Whole photo-electrons, shape (B, Nx, Ny).
        expected: Positive, shape (B, Nx, Ny).
        clustering: Positive, shape (B, 1).

    Returns:
        In nats, shape (B,).
    """
    clusters = (expected / clustering[:, :, None]).flatten(1)
    flat = counts.flatten(1)
    unlikely = flat.sum(1) * torch.log1p(1 / clustering[:, 0])
    unlikely = unlikely + clusters.sum(1) * torch.log1p(clustering[:, 0])
    lit = flat.nonzero(as_tuple=True)
    n, k = flat[lit], clusters[lit]
    terms = torch.lgamma(k) + torch.lgamma(n + 1) - torch.lgamma(n + k)
    return unlikely.index_add(0, lit[0], terms)
