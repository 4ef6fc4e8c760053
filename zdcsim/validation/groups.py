"""Which responses are looked at together: one species, one range of energy, showers well inside.

Axis key: N responses.
"""

from dataclasses import dataclass, replace
from math import nan
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

from zdcsim.conditions import energy_bins
from zdcsim.montecarlo.arrival import arrival
from zdcsim.montecarlo.library import machine_of
from zdcsim.response import Responses, joined

SPECIES = {"neutron": 2112, "proton": 2212, "photon": 22}
EDGES_GEV = (75.0, 150.0, 300.0, 700.0, 1500.0, 3000.0, 7000.0)
FIDUCIAL_CM = 1.0
"""Showers nearer to the edge of the face lose more of their light at it."""

Error = Annotated[float, BeforeValidator(lambda value: nan if value is None else value)]
"""A number that may be NaN, which JSON has as null."""


@dataclass(frozen=True)
class Group:
    """Responses of one species in one range of energy.

    Arguments:
        species: Name in `SPECIES`.
        low_gev: Lower end of the range.
        high_gev: Upper end.
        responses: Those that hit well inside the face.
        impact: Where they hit, from the centre of the face, cm, shape (N, 2).
    """

    species: str
    low_gev: float
    high_gev: float
    responses: Responses
    impact: NDArray[np.float64]


def impacts(responses: Responses, unstated_beam_gev: float | None = None) -> NDArray[np.float64]:
    """Where the particles hit, from the centre of the face, cm, shape (N, 2); see `groups`."""
    face, machine = responses.calorimeter, machine_of(responses, unstated_beam_gev)
    found = arrival(responses.conditions, face, machine)[:, [0, 2]]
    return found - [face.centre_x, 0.0]


def groups(
    responses: Responses,
    edges_gev: tuple[float, ...] = EDGES_GEV,
    fiducial_cm: float = FIDUCIAL_CM,
    unstated_beam_gev: float | None = None,
) -> list[Group]:
    """All groups with responses, by species and energy.

    Arguments:
        responses: Of one calorimeter.
        edges_gev: Ends of the ranges of energy.
        fiducial_cm: Impacts nearer to the edge of the face are left out.
        unstated_beam_gev: Momentum of the beam over its charge, whose magnets bend the charged
            particles of a sample that does not state its source; without it they fly straight.
    """
    at = impacts(responses, unstated_beam_gev)
    half = np.array([responses.calorimeter.half_x, responses.calorimeter.half_y])
    inside = (np.abs(at) < half - fiducial_cm).all(axis=1)
    bins = energy_bins(responses.conditions, edges_gev)
    found = []
    for species, code in SPECIES.items():
        for low, high, within in bins:
            rows = inside & (responses.pdg == code) & within
            if rows.any():
                found.append(Group(species, low, high, responses.select(rows), at[rows]))
    return found


def merged(found: list[Group]) -> list[Group]:
    """Groups of several files, those of equal species and energy together.

    Files may number their particles alike; here they are told apart.
    """
    keys = sorted({(SPECIES[g.species], g.low_gev, g.high_gev, g.species) for g in found})
    return [
        _together([g for g in found if (g.species, g.low_gev, g.high_gev) == (species, low, high)])
        for _, low, high, species in keys
    ]


def _together(alike: list[Group]) -> Group:
    parts, first = [], 0
    for group in alike:
        _, number = np.unique(group.responses.particle, return_inverse=True)
        parts.append(replace(group.responses, particle=number + first))
        first += int(number.max()) + 1
    return replace(
        alike[0],
        responses=joined(parts),
        impact=np.concatenate([group.impact for group in alike]),
    )
