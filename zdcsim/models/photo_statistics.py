"""Whole photo-electrons from expected ones, with operators that ONNX has.

Photo-electrons come in small clusters, as one shower particle that crosses a fibre leaves several
of them: around a smooth shower their number varies more than Poisson's. The negative binomial
distribution is that of Poisson clusters with logarithmic sizes; its mean is m and its variance
m (1 + c), with the clustering c = 0 for Poisson.

Axis key: B responses, M fibres. Shapes are (B, 1, M) throughout, so that a graph needs no node that
only changes one.
"""

import torch
from torch import Tensor

TERMS = 8
"""Probabilities that are summed, so the largest count drawn where at most `SMALL` is expected.

Larger ones become this. Where `SMALL` is expected, and there the most is lost, that leaves of mean
and variance 0.9985 and 0.985 with a clustering of 0.5, 0.993 and 0.943 with 1, 0.970 and 0.825 with
2, 0.940 and 0.710 with 3, the largest that a shower is given.
"""

SMALL = 1.5
"""Up to this expectation they are; above it the distribution function is inverted by expansion."""


def _rising_factorials() -> Tensor:
    """Coefficients of k, k^2, ... in k (k + 1) ... (k + n - 1) / n!, shape (TERMS, TERMS - 1).

    One row for every n. All are positive, so that sums of them lose no digits.
    """
    rows = [[0.0] * (TERMS - 1), [1.0] + [0.0] * (TERMS - 2)]
    for n in range(1, TERMS - 1):
        before = [0.0, *rows[-1][:-1]]
        rows.append([(n * at + less) / (n + 1) for at, less in zip(rows[-1], before, strict=True)])
    return torch.tensor(rows)


RISING = _rising_factorials()


def drawn_counts(expected: Tensor, clustering: Tensor, uniform: Tensor, normal: Tensor) -> Tensor:
    """Counts of fibres, from a uniform number for each.

    Both ways are computed for every fibre, each beyond where it holds too, and one is taken.

    Arguments:
        expected: Photo-electrons, positive, shape (B, 1, M).
        clustering: Positive, shape (B, 1, 1).
        uniform: Between 0 and 1, shape (B, 1, M).
        normal: Its quantiles of the standard normal law, shape (B, 1, M).

    Returns:
        Whole numbers, shape (B, 1, M).
    """
    return torch.where(
        expected <= SMALL,
        summed(expected, clustering, uniform),
        expanded(expected, clustering, normal),
    )


def summed(expected: Tensor, clustering: Tensor, uniform: Tensor) -> Tensor:
    """How many of the first values of the distribution function lie below the uniform number.

    With k = m / c clusters, p(n) = p(0) k (k + 1) ... (k + n - 1) s^n / n!, where s = c / (1 + c).
    Divided by p(0) = (1 + c)^-k, the distribution function is a polynomial in k; its value at 0, 1,
    is taken off on both sides.
    """
    clusters = expected / clustering
    powers = [clusters]
    for _ in range(TERMS - 2):
        powers.append(powers[-1] * clusters)
    reached = torch.matmul(_polynomials(clustering), torch.cat(powers, 1))
    drawn = uniform * torch.exp(clusters * torch.log(1 + clustering)) - 1
    below = (drawn > reached).float()
    return torch.matmul(torch.ones(1, TERMS, device=below.device), below)


def _polynomials(clustering: Tensor) -> Tensor:
    """Coefficients of k, k^2, ... in F(n) / p(0) - 1, shape (B, TERMS, TERMS - 1).

    Arguments:
        clustering: Shape (B, 1, 1).
    """
    device = clustering.device
    n = torch.arange(TERMS, device=device).float()
    up_to = torch.ones(TERMS, TERMS, device=device).tril()
    return torch.matmul(up_to * (clustering / (1 + clustering)) ** n, RISING.to(device))


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
