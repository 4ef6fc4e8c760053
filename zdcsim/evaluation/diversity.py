"""How much the responses of one particle differ among each other.

Diversity of a particle: standard deviation of the photo-electrons of a fibre over the copies of
the particle (with one less than the copies in the denominator), summed over the fibres. A standard
deviation from few copies is too small on average, so diversities are only compared between equal
numbers of copies.

Axis key: N responses, U unique particles, S non-zero pixels of all responses together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from zdcsim.evaluation.floor import Comparison, Halves, Spread, comparison, spread
from zdcsim.evaluation.quantities import Photons
from zdcsim.response import Responses, entries, lit

TOGETHER = 2000
"""Responses, of whole particles, whose pixels are summed together."""


@dataclass(frozen=True)
class Diversity:
    """Diversity of the model beside that of the Monte Carlo, in photo-electrons.

    Arguments:
        reference: Mean over the particles of the Monte Carlo.
        generated: Mean over the particles, over the repetitions of the generation.
        difference: Mean over the particles of |generated - reference|: `whole` from all copies;
            floor and model from half of the copies each, None with fewer than 4 copies.
    """

    reference: float
    generated: Spread | None
    difference: Comparison


@dataclass(frozen=True)
class Light:
    """The non-zero pixels of a sample.

    Arguments:
        offsets: Response i owns the entries offsets[i]:offsets[i + 1], shape (N + 1,).
        pixel: Flat fibre index of every entry, shape (S,).
        count: Photo-electrons of every entry, shape (S,).
        fibres: Number of fibres of the calorimeter.
    """

    offsets: NDArray[np.int64]
    pixel: NDArray[np.uint16]
    count: NDArray[np.number]
    fibres: int


def light(sample: Photons) -> Light:
    """The non-zero pixels of a sample; those of a sparse one itself, not copied."""
    if isinstance(sample, Responses):
        nx, ny = sample.calorimeter.shape
        return Light(sample.offsets, sample.pixels, sample.counts, nx * ny)
    return Light(*lit(sample.astype(np.float32, copy=False)), math.prod(sample.shape[1:]))


def particle_diversity(
    sample: Light,
    particle: NDArray[np.integer],
    rows: NDArray[np.integer] | None = None,
) -> NDArray[np.float64]:
    """Diversity of every particle, photo-electrons.

    Arguments:
        sample: The light of N responses.
        particle: Their particles as whole numbers 0 to U - 1, shape (N,).
        rows: Only these responses count; all if not given.

    Returns:
        Shape (U,); NaN for a particle with fewer than two responses.
    """
    counted = np.arange(len(particle)) if rows is None else np.unique(rows)
    unique = int(particle.max()) + 1
    order = counted[np.argsort(particle[counted], kind="stable")]
    copies = np.bincount(particle[counted], minlength=unique)
    first = np.concatenate([[0], np.cumsum(copies)])
    begins = np.flatnonzero(np.diff(first[:-1] // TOGETHER, prepend=-1)).tolist()
    parts = [
        _summed(sample, order[first[low] : first[high]], copies[low:high])
        for low, high in pairwise([*begins, unique])
    ]
    return np.concatenate(parts)


def _summed(
    sample: Light, rows: NDArray[np.integer], copies: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Diversity of some particles, whose copies are the rows, one particle after the other."""
    particle = np.repeat(np.arange(len(copies)), copies)
    row, entry = entries(sample.offsets, rows)
    cell = particle[row] * sample.fibres + sample.pixel[entry]
    count = sample.count[entry].astype(np.float64)
    cells = len(copies) * sample.fibres
    total = np.bincount(cell, count, cells).reshape(len(copies), -1)
    square = np.bincount(cell, count**2, cells).reshape(len(copies), -1)
    number = copies[:, None].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.maximum(square - total**2 / number, 0.0) / (number - 1)
    return np.where(copies > 1, np.sqrt(variance).sum(axis=1), np.nan)


def diversity(
    reference: Responses,
    generated: Sequence[Photons],
    divided: Sequence[Halves],
) -> Diversity | None:
    """Diversity of the model and of the Monte Carlo, with the floor of their difference.

    Arguments:
        reference: The Monte Carlo, N responses.
        generated: Repetitions of the generation, rows as in the reference.
        divided: Random halves of the copies of every particle; none for no floor. A half with a
            single copy of a particle has no diversity, so that there is no floor either.

    Returns:
        None if a particle has a single copy.
    """
    index, copies = np.unique(reference.particle, return_inverse=True, return_counts=True)[1:]
    if copies.min() < 2:
        return None
    ours, lights = light(reference), [light(each) for each in generated]
    expected = particle_diversity(ours, index)
    found = [particle_diversity(each, index) for each in lights]
    floor, model = [], []
    for repetition, (a, b) in enumerate(divided):
        half = particle_diversity(ours, index, b)
        floor.append(_difference(particle_diversity(ours, index, a), half))
        theirs = lights[repetition % len(lights)]
        model.append(_difference(particle_diversity(theirs, index, a), half))
    whole = [_difference(each, expected) for each in found]
    return Diversity(
        reference=float(expected.mean()),
        generated=spread([float(each.mean()) for each in found]),
        difference=comparison("photo-electrons", floor=floor, model=model, whole=whole),
    )


def _difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.abs(a - b).mean())
