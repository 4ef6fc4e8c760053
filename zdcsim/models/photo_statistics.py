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

    Both ways are computed for every fibre, each beyond where it holds too, and one is taken.

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
        summed(expected, clustering, uniform),
        expanded(expected, clustering, normal),
    )


def summed(expected: Tensor, clustering: Tensor, uniform: Tensor) -> Tensor:
    """How many of the first values of the distribution function lie below the uniform number.

    With k = m / c clusters, p(n) = p(0) k (k + 1) ... (k + n - 1) s^n / n!, where s = c / (1 + c).
    """
    clusters, clustering = (expected / clustering)[:, None], clustering[:, None]
    rising = [torch.exp(clusters * -torch.log(1 + clustering))]
    for n in range(TERMS - 1):
        rising.append(rising[-1] * (clusters + n))
    reached = torch.matmul(_sums(clustering), torch.cat(rising, 1))
    below = (uniform[:, None] > reached).float()
    return torch.matmul(torch.ones(1, TERMS, device=below.device), below).flatten(1)


def _sums(clustering: Tensor) -> Tensor:
    """Matrix that gives each term its power and factorial and adds up, shape (B, TERMS, TERMS).

    Arguments:
        clustering: Shape (B, 1, 1).
    """
    n = torch.arange(TERMS, device=clustering.device).float()
    factorials = torch.exp(-torch.lgamma(n + 1)).expand(TERMS, TERMS).tril()
    return (clustering / (1 + clustering)) ** n * factorials


def expanded(expected: Tensor, clustering: Tensor, normal: Tensor) -> Tensor:
    """The quantile of the normal number's probability, by expansion around the normal law.

    With c the clustering and s = c (1 + c), the skewness is (1 + 2 c) / w and the excess kurtosis
    (1 + 6 s) / w^2, where w is the standard deviation.

    Source:
        E. A. Cornish, R. A. Fisher, Rev. Inst. Int. Stat. 5 (1938) 307, to the fourth cumulant,
        with Sheppard's correction of the variance for whole numbers.
    """
    more = 1 + clustering
    width, square = torch.sqrt(expected * more), normal * normal
    # (1 + 6 s) (w^2 - 3) / 24 - (1 + 4 s) (2 w^2 - 5) / 36 - 1 / 24, with w the normal number
    both = clustering * more
    fourth = square * ((both - 1 / 2) / 36) - (both + 1 / 7) * (7 / 36)
    skew = (clustering + 1 / 2) / 3
    skewed = square * skew + (1 / 2 - skew)  # (square - 1) * skew, and half a count to round
    value = expected + (width + fourth / width) * normal + skewed
    return torch.floor(value.clamp(min=0))
