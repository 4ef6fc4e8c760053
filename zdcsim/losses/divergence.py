"""How far the latents of responses lie from the noise that a generator will be given.

Axis key: B responses, Z latent numbers.
"""

import torch
from torch import Tensor


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence from the standard normal, of each latent number, in nats.

    Arguments:
        mean: Shape (B, Z).
        log_variance: Shape (B, Z).

    Returns:
        Mean over responses, shape (Z,).

    Source:
        D. Kingma, M. Welling, https://arxiv.org/abs/1312.6114, appendix B.
    """
    each = 0.5 * (mean * mean + torch.exp(log_variance) - 1 - log_variance)
    return each.mean(0)


def with_free_bits(divergences: Tensor, free_nats: float) -> Tensor:
    """Sum of the divergences (Z,), each of which costs nothing below `free_nats`.

    Source:
        D. Kingma et al., https://arxiv.org/abs/1606.04934, appendix C.8.
    """
    return divergences.clamp(min=free_nats).sum()
