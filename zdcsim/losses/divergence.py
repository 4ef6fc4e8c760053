"""How far the latents of responses lie from the noise that a generator will be given.

Axis key: B responses, Z latent numbers.
"""

import math

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


def importance_bound(unlikely: Tensor, latent: Tensor, drawn: Tensor, spread: Tensor) -> Tensor:
    """Bound on minus the log likelihood of each response, from K latents drawn for it.

    -log 1/K sum_k p(n | z_k) p(z_k) / q(z_k | n); with more draws it comes closer to the
    likelihood and depends less on the encoder than the usual bound, K = 1.

    Arguments:
        unlikely: -log p(n | z_k) in nats, shape (K, B).
        latent: z_k, shape (K, B, Z).
        drawn: The standard normal numbers that made them, shape (K, B, Z).
        spread: Logarithm of the standard deviations of q, shape (B, Z).

    Returns:
        In nats, shape (B,).

    Source:
        Y. Burda, R. Grosse, R. Salakhutdinov, https://arxiv.org/abs/1509.00519, eq. (8).
    """
    prior_over_posterior = (0.5 * (drawn * drawn - latent * latent) + spread).sum(2)
    weights = prior_over_posterior - unlikely
    return math.log(len(weights)) - torch.logsumexp(weights, 0)
