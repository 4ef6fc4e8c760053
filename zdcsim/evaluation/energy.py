"""The judgement again, in bins of the energy of the particle.

A distance over all energies can be small while the response to each energy is wrong, so every
distance and its floor are given for every bin too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import ENERGY
from zdcsim.evaluation.floor import Comparison, Spread, by_group, compare, divisions, spread
from zdcsim.evaluation.quantities import Measured
from zdcsim.evaluation.settings import Settings
from zdcsim.response import Responses


@dataclass(frozen=True)
class EnergyBin:
    """The distances of the particles with low <= energy < high.

    Arguments:
        low: Lower edge, GeV.
        high: Upper edge, GeV.
        particles: Unique particles in the bin.
        responses: Monte Carlo responses in the bin.
        remark: Why the bin is not judged; empty if it is.
        photon_sum: Mean photon sum of the Monte Carlo, photo-electrons.
        photon_sum_generated: The same of the model, over the repetitions of the generation.
        distances: By group (a channel convention or `features`) and name.
    """

    low: float
    high: float
    particles: int
    responses: int
    remark: str
    photon_sum: float | None
    photon_sum_generated: Spread | None
    distances: dict[str, dict[str, Comparison]]


def by_energy(
    reference: Responses,
    measured: Measured,
    generated: Sequence[Measured],
    settings: Settings,
) -> tuple[EnergyBin, ...]:
    """The judgement of every energy bin.

    Arguments:
        reference: The Monte Carlo, N responses.
        measured: Its quantities.
        generated: Those of every repetition of the generation, rows as in the reference.
        settings: Edges and smallest number of responses.
    """
    energy = reference.conditions[:, ENERGY]
    found = []
    for low, high in pairwise(settings.energy_edges):
        rows = np.flatnonzero((energy >= low) & (energy < high))
        found.append(_judge_bin(low, high, rows, reference, measured, generated, settings))
    return tuple(found)


def _judge_bin(
    low: float,
    high: float,
    rows: NDArray[np.int64],
    reference: Responses,
    measured: Measured,
    generated: Sequence[Measured],
    settings: Settings,
) -> EnergyBin:
    particle = reference.particle[rows]
    particles = len(np.unique(particle))
    remark = _too_small(len(rows), particles, settings)
    if remark:
        return EnergyBin(low, high, particles, len(rows), remark, None, None, {})
    ours, theirs = measured.select(rows), [each.select(rows) for each in generated]
    return EnergyBin(
        low=low,
        high=high,
        particles=particles,
        responses=len(rows),
        remark="",
        photon_sum=float(ours.feature("photon sum").mean()),
        photon_sum_generated=spread([float(each.feature("photon sum").mean()) for each in theirs]),
        distances=by_group(compare(ours, theirs, divisions(particle, settings))),
    )


def _too_small(responses: int, particles: int, settings: Settings) -> str:
    if responses < settings.fewest_in_bin:
        return f"too few responses to judge: {responses}, at least {settings.fewest_in_bin} wanted"
    if settings.floor == "particles" and particles < 2:
        return "a single particle has no floor from halves of the particles"
    return ""
