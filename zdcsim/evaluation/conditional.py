"""The judgement again, for each kind of particle and in bins of its energy.

A distance over all particles can be small while the response to each kind is wrong, so every
distance and its floor, and the mean light, are given for every bin too, with what they depend on
the few particles of the bin (`bootstrap` for light, `jackknife` for distances).

Axis key: N responses.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import energy_bins
from zdcsim.evaluation.bootstrap import deviation, drawn_rows
from zdcsim.evaluation.floor import Comparison, Halves, by_group, compare, divisions
from zdcsim.evaluation.jackknife import DrawError, distance_errors
from zdcsim.evaluation.quantities import Measured
from zdcsim.evaluation.settings import By, Settings
from zdcsim.evaluation.specialisation import species_name
from zdcsim.response import Responses

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Light:
    """Mean photo-electrons of a response; errors are those of the draw of particles.

    Arguments:
        monte_carlo: Of the Monte Carlo.
        monte_carlo_error: Its error.
        generated: Of the model, all repetitions of the generation.
        generated_error: Its error.
        ratio: Generated over Monte Carlo, None if that is dark.
        ratio_error: Its error; smaller than either, as both are of the same particles.
        ratio_floor: Standard deviation of the same ratio of two halves of the Monte Carlo, see
            `by_chance`.
    """

    monte_carlo: float
    monte_carlo_error: float | None
    generated: float
    generated_error: float | None
    ratio: float | None
    ratio_error: float | None
    ratio_floor: float | None

    def by_chance(self, repetitions: int) -> float | None:
        """Standard deviation of the ratio of a perfect generator, None if it is not known.

        Two halves of N responses differ by a variance of 2 / N and 2 / N of one response; all N and
        k repetitions of the generation by 1 / N and 1 / (k N).
        """
        halves = self.ratio_floor
        return None if halves is None else halves * math.sqrt((1 + 1 / repetitions) / 4)


@dataclass(frozen=True)
class Bin:
    """The judgement of some of the particles.

    Arguments:
        name: PDG name, or range of energies.
        particles: Unique particles in the bin.
        responses: Monte Carlo responses in the bin.
        remark: Why the bin is not judged; empty if it is.
        light: Mean light; None if not judged.
        distances: By group (a channel convention or `features`) and name.
        errors: Of the distances, by the draw of particles.
    """

    name: str
    particles: int
    responses: int
    remark: str
    light: Light | None = None
    distances: dict[str, dict[str, Comparison]] = field(default_factory=dict)
    errors: dict[str, dict[str, DrawError]] = field(default_factory=dict)


def conditional(
    reference: Responses,
    measured: Measured,
    generated: Sequence[Measured],
    settings: Settings,
) -> dict[By, tuple[Bin, ...]]:
    """The judgement of every bin of every condition that the settings ask for.

    Arguments:
        reference: The Monte Carlo, N responses.
        measured: Its quantities.
        generated: Those of every repetition of the generation, rows as in the reference.
        settings: Conditions, edges and smallest numbers.
    """
    bins: dict[By, list[tuple[str, Rows]]] = {
        "species": _by_species(reference),
        "energy": _by_energy(reference, settings),
    }
    return {
        by: tuple(
            _judged(name, rows, reference, measured, generated, settings) for name, rows in bins[by]
        )
        for by in settings.by
    }


def _by_species(reference: Responses) -> list[tuple[str, Rows]]:
    """Name and rows of every species, the most frequent first."""
    codes, counts = np.unique(reference.pdg, return_counts=True)
    common = codes[np.argsort(-counts, kind="stable")]
    return [(species_name(int(code)), np.flatnonzero(reference.pdg == code)) for code in common]


def _by_energy(reference: Responses, settings: Settings) -> list[tuple[str, Rows]]:
    """Range and rows of every bin of energy."""
    return [
        (f"{low:g} to {high:g} GeV", np.flatnonzero(inside))
        for low, high, inside in energy_bins(reference.conditions, settings.energy_edges)
    ]


def _judged(
    name: str,
    rows: Rows,
    reference: Responses,
    measured: Measured,
    generated: Sequence[Measured],
    settings: Settings,
) -> Bin:
    particle = reference.particle[rows]
    particles = len(np.unique(particle))
    remark = _too_small(len(rows), particles, settings)
    if remark:
        return Bin(name, particles, len(rows), remark)
    ours, theirs = measured.select(rows), [each.select(rows) for each in generated]
    divided = divisions(particle, settings)
    rng = np.random.default_rng([settings.seed, particles, len(rows)])
    return Bin(
        name=name,
        particles=particles,
        responses=len(rows),
        remark="",
        light=_light(ours, theirs, particle, divided, rng),
        distances=by_group(compare(ours, theirs, divided)),
        errors=distance_errors(ours, theirs, particle, divided, rng),
    )


def _too_small(responses: int, particles: int, settings: Settings) -> str:
    if responses < settings.fewest_in_bin:
        return f"too few responses to judge: {responses}, at least {settings.fewest_in_bin} wanted"
    if particles < settings.fewest_particles:
        fewest = settings.fewest_particles
        return f"too few particles to judge: {particles}, at least {fewest} wanted"
    return ""


def _light(
    ours: Measured,
    theirs: Sequence[Measured],
    particle: NDArray[np.integer],
    divided: Sequence[Halves],
    rng: np.random.Generator,
) -> Light:
    expected = ours.feature("photon sum")
    found = np.mean([each.feature("photon sum") for each in theirs], axis=0)
    draws = list(drawn_rows(particle, rng))
    below, above = ([float(light[rows].mean()) for rows in draws] for light in (expected, found))
    halves = [_ratio(expected[a].mean(), expected[b].mean()) for a, b in divided]
    ratio = _ratio(found.mean(), expected.mean())
    return Light(
        monte_carlo=float(expected.mean()),
        monte_carlo_error=deviation(below),
        generated=float(found.mean()),
        generated_error=deviation(above),
        ratio=ratio if np.isfinite(ratio) else None,
        ratio_error=deviation(list(map(_ratio, above, below))),
        ratio_floor=deviation(halves),
    )


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below else float("nan")
