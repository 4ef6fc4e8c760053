"""Errors of one generated against one Monte Carlo response of the same conditions.

Two Monte Carlo responses of the same conditions differ too, so these errors do not vanish for a
perfect generator: their value for Monte Carlo against Monte Carlo is irreducible and is given
beside them. A generator without fluctuations falls below it, which is no merit.

===============  ================================================================  ============
error            formula                                                           used by
===============  ================================================================  ============
channel MAE      mean over responses and channels of |generated - Monte Carlo|     m-wojnar/zdc
                                                                                   (faster_zdc
                                                                                   gives 1/5)
RMSE, image      root of the mean over responses of the sum over fibres of         m-wojnar/zdc
                 (generated - Monte Carlo)^2
RMSE, per fibre  root of the mean over responses and fibres of the same square     faster_zdc
===============  ================================================================  ============

Axis key: N responses, Nx by Ny fibres.

Source: m-wojnar/zdc; m-wojnar/faster_zdc after its change of normalisation of October 2024.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.channels import Convention
from zdcsim.evaluation.floor import Spread, rank_in_particle, spread
from zdcsim.evaluation.quantities import Measured, Photons, blocks
from zdcsim.response import Responses


@dataclass(frozen=True)
class Error:
    """One error in photo-electrons: model against Monte Carlo, and the irreducible value.

    Arguments:
        model: Over the repetitions of the generation.
        monte_carlo: Over random pairings of copies; None if a particle has a single copy.
        ratio: Mean model over mean Monte Carlo.
    """

    model: Spread | None
    monte_carlo: Spread | None
    ratio: float | None


def channel_mae(reference: Measured, generated: Measured, convention: Convention) -> float:
    """Mean over responses and channels of |generated - reference|, photo-electrons."""
    difference = generated.group(convention) - reference.group(convention)
    return float(np.abs(difference).mean())


def rmse_image(
    reference: Responses, generated: Photons, rows: NDArray[np.integer] | None = None
) -> float:
    """Root of the mean over responses of the squared difference summed over fibres.

    The RMSE per fibre is this divided by the root of the number of fibres.

    Arguments:
        reference: N responses.
        generated: Others of the same conditions.
        rows: Which of them is compared with each response of the reference, shape (N,); row by row
            if not given.
    """
    square = 0.0
    for (_, ours), (_, theirs) in zip(blocks(generated, rows), blocks(reference), strict=True):
        square += float(np.square(ours - theirs, dtype=np.float64).sum())
    return float(np.sqrt(square / len(reference)))


def another_copy(particle: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.int64]:
    """For every row a random other row of the same particle; each row is taken once.

    The copies of a particle are put in a random circle and each is given the next.
    """
    order = np.lexsort((rank_in_particle(particle, rng), particle))
    ordered = particle[order]
    following = np.arange(len(order)) + 1
    last = np.searchsorted(ordered, ordered, side="right") - 1
    first = np.searchsorted(ordered, ordered, side="left")
    following = np.where(np.arange(len(order)) == last, first, following)
    partner = np.empty(len(order), dtype=np.int64)
    partner[order] = order[following]
    return partner


def errors(
    reference: Responses,
    measured: Measured,
    generated: Sequence[Photons],
    generated_measured: Sequence[Measured],
    conventions: Sequence[Convention],
    seed: int,
) -> dict[str, Error]:
    """All errors, by name: `channel MAE, <convention>`, `RMSE, image` and `RMSE, per fibre`.

    Arguments:
        reference: The Monte Carlo, N responses.
        measured: Its quantities.
        generated: Repetitions of the generation, rows as in the reference.
        generated_measured: Their quantities.
        conventions: Channel conventions to report.
        seed: Of the pairings of Monte Carlo copies, one for every repetition.
    """
    copies = np.unique(reference.particle, return_counts=True)[1]
    partners = [
        another_copy(reference.particle, np.random.default_rng([seed, repetition]))
        for repetition in range(len(generated) if copies.min() > 1 else 0)
    ]
    found = {
        f"channel MAE, {convention}": _error(
            [channel_mae(measured, each, convention) for each in generated_measured],
            [channel_mae(measured, measured.select(rows), convention) for rows in partners],
        )
        for convention in conventions
    }
    image = [rmse_image(reference, each) for each in generated]
    image_floor = [rmse_image(reference, reference, rows) for rows in partners]
    fibres = np.sqrt(reference.calorimeter.nx * reference.calorimeter.ny)
    found["RMSE, image"] = _error(image, image_floor)
    found["RMSE, per fibre"] = _error(np.array(image) / fibres, np.array(image_floor) / fibres)
    return found


def _error(
    model: Sequence[float] | NDArray[np.float64],
    monte_carlo: Sequence[float] | NDArray[np.float64],
) -> Error:
    irreducible = spread(monte_carlo) if len(monte_carlo) else None
    ours = spread(model)
    if ours is None or irreducible is None or irreducible.mean == 0:
        return Error(ours, irreducible, None)
    return Error(ours, irreducible, ours.mean / irreducible.mean)
