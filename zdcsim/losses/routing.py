"""The terms that teach a router: use every expert, for different showers, in equal parts.

Source: https://arxiv.org/abs/2508.20991.

Axis key: B particles, E experts, F features.
"""

import torch
from torch import Tensor

SMALLEST_LOAD = 0.1
"""Particles; an expert with fewer costs what one with as many costs, so that the cost is finite.

Every drawn choice is a whole particle: that is an expert without any.
"""


def straight_through_gates(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """One expert a particle, drawn with its probability, with the gradient of the soft choice.

    Arguments:
        logits: Shape (B, E).
        uniform: Independent, between 0 and 1, shape (B, E).
        temperature: Of the soft choice; the drawn experts do not depend on it.

    Returns:
        1 for the drawn expert, else 0, shape (B, E).

    Source:
        E. Jang, S. Gu, B. Poole, https://arxiv.org/abs/1611.01144, straight-through.
    """
    tiny = torch.finfo(uniform.dtype).tiny
    gumbel = -torch.log((-torch.log(uniform.clamp(min=tiny))).clamp(min=1e-7))
    soft = torch.softmax((logits + gumbel) / temperature, dim=1)
    hard = torch.zeros_like(soft).scatter(1, soft.argmax(1, keepdim=True), 1.0)
    return hard + soft - soft.detach()


def feedback_loss(gates: Tensor, losses: Tensor) -> Tensor:
    """Mean of each particle's loss with the expert that it was given, against the mean of all.

    Its gradient moves particles away from the experts that do badly on them. The mean is taken off
    because all losses are positive: without that every choice, good ones too, would be made rarer.

    Arguments:
        gates: See `straight_through_gates`, shape (B, E).
        losses: Of the chosen expert, without gradient, shape (B,).
    """
    chosen = (gates * gates.detach()).sum(1)
    return (chosen * (losses - losses.mean())).mean()


def utilisation_loss(gates: Tensor) -> Tensor:
    """Minus the entropy of the mean gate (B, E): -log E if all are used alike, 0 if one alone.

    Its gradient is steepest for an expert without particles, which it revives.
    """
    mean = gates.mean(0)
    return (mean * torch.log(mean.clamp(min=1e-8))).sum()


def load_loss(gates: Tensor) -> Tensor:
    """Mean over experts of exp(1 / particles sent there), of gates (B, E); the term as published.

    An expert without particles, at `SMALLEST_LOAD`, has no gradient of it: the term evens out those
    that have some, and `utilisation_loss` is what revives the others.
    """
    particles = gates.sum(0).clamp(min=SMALLEST_LOAD)
    return torch.mean(torch.exp(torch.reciprocal(particles)))


def differentiation_loss(gates: Tensor, features: Tensor) -> Tensor:
    """Mean cosine of the angle between the mean features of two experts, over pairs.

    Experts without particles, or whose responses are all dark, have no such angle and are left out;
    with fewer than two others it is 0.

    Arguments:
        gates: Shape (B, E).
        features: Of the particles' responses, shape (B, F).
    """
    used = (gates.detach().T @ features.detach()).norm(dim=1) > 0
    mean = (gates.T @ features)[used] / gates.sum(0)[used, None]
    unit = mean / mean.norm(dim=1, keepdim=True).clamp(min=1e-8)
    cosines = unit @ unit.T
    pairs = torch.triu(torch.ones_like(cosines), diagonal=1)
    total: Tensor = (cosines * pairs).sum() / pairs.sum().clamp(min=1)
    return total
