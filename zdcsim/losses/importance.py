"""Several latents drawn for each response, weighted by how well they explain it.

An encoder q gives latents that a response may have come from. The latent that the decoder and the
prior say it came from is a draw of q taken in proportion to w = p(n | z) p(z) / q(z | n).

Axis key: K latents drawn for each of B responses, Z latent numbers.

Source:
    Y. Burda, R. Grosse, R. Salakhutdinov, https://arxiv.org/abs/1509.00519; C. Cremer, Q. Morris,
    D. Duvenaud, https://arxiv.org/abs/1704.02916.
"""

import math

import torch
from torch import Tensor


def importance_weights(unlikely: Tensor, latent: Tensor, drawn: Tensor, spread: Tensor) -> Tensor:
    """log w of each latent, shape (K, B).

    Arguments:
        unlikely: -log p(n | z_k) in nats, shape (K, B).
        latent: z_k, shape (K, B, Z).
        drawn: The standard normal numbers that made them, shape (K, B, Z).
        spread: Logarithm of the standard deviations of q, shape (B, Z).
    """
    prior_over_posterior = (0.5 * (drawn * drawn - latent * latent) + spread).sum(2)
    return prior_over_posterior - unlikely


def importance_bound(weights: Tensor) -> Tensor:
    """Bound on minus the log likelihood of each response, in nats, shape (B,).

    -log 1/K sum_k w_k; with more draws it comes closer to the likelihood and depends less on the
    encoder than the usual bound, K = 1. Burda et al., eq. (8).

    Arguments:
        weights: log w, shape (K, B).
    """
    return math.log(len(weights)) - torch.logsumexp(weights, 0)


def resampled(latent: Tensor, weights: Tensor, uniform: Tensor) -> Tensor:
    """One of the latents of each response, taken in proportion to its weight, shape (B, Z).

    The law of these is what a decoder trained by `importance_bound` takes for that of the latents
    behind the responses; Cremer et al., eq. (8).

    Arguments:
        latent: z_k, shape (K, B, Z).
        weights: log w, shape (K, B).
        uniform: Numbers in [0, 1) that choose, shape (B,).
    """
    reached = torch.cumsum(torch.softmax(weights, 0), 0)
    chosen = (reached <= uniform).sum(0).clamp(max=len(latent) - 1)
    return latent[chosen, torch.arange(len(chosen), device=chosen.device)]
