"""Distances of two samples in several numbers at once: FPD and KPD.

The Fréchet and the kernel distance of generative modelling, with physics features in the place of
a network's. Features must be scaled to order one first (`standardised`).

Copies of one particle are not independent, and halves of the Monte Carlo hold the same particles on
both sides. Both distances are without bias for such samples only if they know which response is of
which particle; where it is not said, every response is of its own.

Axis key: N and M responses, F features.

Source: R. Kansal et al., https://arxiv.org/abs/2211.10295, sections III C and D.
"""

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float64]

Particles = NDArray[np.integer]

BATCH_SIZES = 10
DRAWS = 10
FEWEST_PARTICLES = 3
"""A straight line needs two sizes of draws, and a draw two particles."""


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


def frechet_physics_distance(
    a: Features,
    b: Features,
    rng: np.random.Generator,
    particles: tuple[Particles, Particles] | None = None,
) -> float:
    """FPD: the Fréchet distance extrapolated to samples without end.

    It is too large by a term in 1/n for samples of n particles; a straight line through the
    distances of smaller draws gives its value at 1/n = 0, which may come out below zero by chance.
    Draws are without replacement (with it, a draw of all would be no nearer to the law than the
    sample that it is from) and of whole particles, the same in both samples where both have them:
    the part of the term that comes from copies is then 1/n too, and common particles add none.

    Arguments:
        a: One sample, shape (N, F).
        b: The other, shape (M, F).
        rng: Draws the smaller samples.
        particles: Particle of every response of either, shapes (N,) and (M,).

    Raises:
        ValueError: If a sample is of fewer than `FEWEST_PARTICLES`.
    """
    first, second = _labels(a, b, particles)
    known, index = np.unique(np.concatenate([first, second]), return_inverse=True)
    of_a, of_b = index[: len(a)], index[len(a) :]
    mine, theirs = np.unique(of_a), np.unique(of_b)
    most = min(len(mine), len(theirs))
    if most < FEWEST_PARTICLES:
        raise ValueError(f"FPD needs {FEWEST_PARTICLES} particles in both samples; got {most}")
    sizes = np.unique(np.linspace(max(2, most / 4), most, BATCH_SIZES).astype(int))
    found = np.empty((len(sizes), DRAWS))
    for k, count in enumerate(sizes.tolist()):
        for draw in range(DRAWS):
            place = rng.permutation(len(known))
            ours = a[_first(place, mine, of_a, count)]
            found[k, draw] = frechet(ours, b[_first(place, theirs, of_b, count)])
    return float(np.polyfit(1 / sizes, found.mean(axis=1), 1)[1])


def _first(place: Particles, own: Particles, of: Particles, count: int) -> NDArray[np.bool_]:
    """Which responses are of the first so many particles of a sample in a common order."""
    last = np.partition(place[own], count - 1)[count - 1]
    chosen: NDArray[np.bool_] = place[of] <= last
    return chosen


def kernel_physics_distance(
    a: Features, b: Features, particles: tuple[Particles, Particles] | None = None
) -> float:
    """KPD: the squared maximum mean discrepancy, without bias, of the kernel (x y / F + 1)^4.

    Only pairs of different particles count, within a sample as between them: two responses to one
    particle are alike, and the samples do not hold equally many such pairs.

    Arguments:
        a: One sample, shape (N, F).
        b: The other, shape (M, F).
        particles: Particle of every response of either, shapes (N,) and (M,).

    Raises:
        ValueError: If there is no pair of different particles.
    """
    first, second = _labels(a, b, particles)
    within = _mean_of_pairs(a, a, first, first) + _mean_of_pairs(b, b, second, second)
    return within - 2 * _mean_of_pairs(a, b, first, second)


def _labels(
    a: Features, b: Features, particles: tuple[Particles, Particles] | None
) -> tuple[Particles, Particles]:
    if particles is not None:
        return particles
    return np.arange(len(a)), np.arange(len(a), len(a) + len(b))


def _mean_of_pairs(a: Features, b: Features, of_a: Particles, of_b: Particles) -> float:
    """Mean of the kernel over pairs of a response of either that are of different particles."""
    total, count = float((_moments(a) * _moments(b)).sum()), len(a) * len(b)
    mine, theirs = _rows(of_a), _rows(of_b)
    for particle in mine.keys() & theirs.keys():
        same = a[mine[particle]] @ b[theirs[particle]].T / a.shape[1] + 1
        total -= float((same**4).sum())
        count -= same.size
    if not count:
        raise ValueError("KPD needs responses of two particles at least")
    return total / count


def _moments(sample: Features) -> Features:
    """Fourth moments of (x / sqrt(F), 1); their product with another's sums the kernel over pairs.

    So the time grows with the responses, not with their pairs. Shape ((F + 1)^2, (F + 1)^2).
    """
    scaled = sample / np.sqrt(sample.shape[1])
    extended = np.concatenate([scaled, np.ones((len(sample), 1))], axis=1)
    squares = np.einsum("ni,nj->nij", extended, extended).reshape(len(sample), -1)
    moments: Features = squares.T @ squares
    return moments


def _rows(particle: Particles) -> dict[int, NDArray[np.int64]]:
    """Rows of every particle."""
    order = np.argsort(particle, kind="stable")
    known, first = np.unique(particle[order], return_index=True)
    return dict(zip(known.tolist(), np.split(order, first[1:]), strict=True))
