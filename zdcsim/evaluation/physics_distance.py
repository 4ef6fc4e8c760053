"""Distances of two samples in several numbers at once: FPD and KPD.

The Fréchet and the kernel distance of generative modelling, with physics features in the place of
a network's. Features must be scaled to order one first (`standardised`).

Axis key: N and M responses, F features.

Source: R. Kansal et al., https://arxiv.org/abs/2211.10295, sections III C and D.
"""

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float64]

BATCH_SIZES = 10
DRAWS = 10
KERNEL_DEGREE = 4


def standardised(a: Features, b: Features) -> tuple[Features, Features]:
    """Both samples on the scale of the second: its mean 0 and its spread 1 in every feature."""
    mean, scale = b.mean(axis=0), b.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    return (a - mean) / scale, (b - mean) / scale


def frechet(a: Features, b: Features) -> float:
    """Fréchet distance of the normal distributions fitted to two samples, (N, F) and (M, F).

    |mean_a - mean_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2)).
    """
    difference = a.mean(axis=0) - b.mean(axis=0)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # The eigenvalues of a product of two covariances are real and not negative.
    mixed = np.sqrt(np.maximum(np.linalg.eigvals(first @ second).real, 0)).sum()
    return float(difference @ difference + np.trace(first) + np.trace(second) - 2 * mixed)


def frechet_physics_distance(a: Features, b: Features, rng: np.random.Generator) -> float:
    """FPD: the Fréchet distance extrapolated to samples without end.

    It is too large by a term in 1/n for samples of n; a straight line through the distances of
    smaller draws gives its value at 1/n = 0, which may come out below zero by chance.

    Arguments:
        a: One sample, shape (N, F).
        b: The other, shape (M, F).
        rng: Draws the smaller samples.
    """
    most = min(len(a), len(b))
    sizes = np.unique(np.linspace(most / 4, most, BATCH_SIZES).astype(int))
    found = [
        np.mean([frechet(a[rng.choice(len(a), n)], b[rng.choice(len(b), n)]) for _ in range(DRAWS)])
        for n in sizes
    ]
    return float(np.polyfit(1 / sizes, found, 1)[1])


def kernel_physics_distance(a: Features, b: Features) -> float:
    """KPD: the squared maximum mean discrepancy, without bias, of the kernel (x y / F + 1)^4.

    Arguments:
        a: One sample, shape (N, F).
        b: The other, shape (M, F).
    """
    within = _mean_of_pairs(a) + _mean_of_pairs(b)
    between = np.mean([_kernel(row, b).mean() for row in np.array_split(a, -(-len(a) // 1000))])
    return float(within - 2 * between)


def _kernel(a: Features, b: Features) -> Features:
    kernel: Features = (a @ b.T / a.shape[1] + 1) ** KERNEL_DEGREE
    return kernel


def _mean_of_pairs(a: Features) -> float:
    """Mean of the kernel over pairs of different responses."""
    n = len(a)
    total = sum(_kernel(part, a).sum() for part in np.array_split(a, -(-n // 1000)))
    own = ((np.einsum("nf,nf->n", a, a) / a.shape[1] + 1) ** KERNEL_DEGREE).sum()
    return float((total - own) / (n * (n - 1)))
