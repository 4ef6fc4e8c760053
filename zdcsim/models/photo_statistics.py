"""Whole photo-electrons from expected ones, with operators that ONNX has.

Photo-electrons come in small clusters, as one shower particle that crosses a fibre leaves several
of them: around a smooth shower their number varies more than Poisson's. The negative binomial
distribution is that of Poisson clusters with logarithmic sizes; its mean is m and its variance
m (1 + c), with the clustering c = 0 for Poisson.

Axis key: any shape; one entry a fibre.
"""

import torch
from torch import Tensor

TERMS = 8
"""Counts up to this are found by summing probabilities."""

SMALL = 1.5
"""Up to this expectation they are; above it the distribution function is inverted by expansion."""


def drawn_counts(expected: Tensor, clustering: Tensor, uniform: Tensor, normal: Tensor) -> Tensor:
    """Counts of fibres, from a uniform number for each.

    Arguments:
        expected: Photo-electrons, positive, shape (B, M).
        clustering: Positive, shape (B, 1).
        uniform: Between 0 and 1, shape (B, M).
        normal: Its quantiles of the standard normal law, shape (B, M).

    Returns:
        Whole numbers, shape (B, M).
    """
    return torch.where(
        expected <= SMALL,
        summed(expected.clamp(max=SMALL), clustering, uniform),
        expanded(expected.clamp(min=SMALL), clustering, normal),
    )


def summed(expected: Tensor, clustering: Tensor, uniform: Tensor) -> Tensor:
    """How many of the first values of the distribution function lie below the uniform number."""
    clusters = expected / clustering
    # p(n) / p(n - 1) for all n at once, shape (B, TERMS, M): a graph of few large nodes is fast.
    n = torch.arange(1, TERMS + 1, device=expected.device)[:, None].float()
    share = (clustering / (1 + clustering))[:, None] / n
    ratios = share * clusters[:, None] + share * (n - 1)
    probability = torch.exp(-clusters * torch.log(1 + clustering))[:, None]
    reached, count = probability, torch.zeros_like(probability)
    for k in range(TERMS):
        count = torch.where(uniform[:, None] > reached, k + 1.0, count)
        probability = probability * ratios[:, k : k + 1]
        reached = reached + probability
    return count[:, 0]


def expanded(expected: Tensor, clustering: Tensor, normal: Tensor) -> Tensor:
    """The quantile of the normal number's probability, by expansion around the normal law.

    Source:
        E. A. Cornish, R. A. Fisher, Rev. Inst. Int. Stat. 5 (1938) 307, to the fourth cumulant,
        with Sheppard's correction of the variance for whole numbers.
    """
    width = torch.sqrt(expected * (1 + clustering))
    square = normal * normal
    skewness, kurtosis = 1 + 2 * clustering, 1 + 6 * clustering * (1 + clustering)
    # fourth = kurtosis (w^2 - 3) / 24 - skewness^2 (2 w^2 - 5) / 36 - 1 / 24
    slope = kurtosis / 24 - skewness * skewness / 18
    level = 5 * skewness * skewness / 36 - kurtosis / 8 - 1 / 24
    fourth = square * slope + level
    value = expected + (width + fourth / width) * normal + (square - 1) * (skewness / 6) + 0.5
    return torch.floor(value.clamp(min=0))
