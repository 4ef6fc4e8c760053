"""Lateral profile: how the light lies around the point where the particle hits.

Axis key: N responses, R rings.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.evaluation.features import fibre_positions
from zdcsim.validation.groups import Group

RING_EDGES_CM = tuple(float(edge) for edge in np.round(np.arange(0, 3.3, 0.2), 1))
RADII_CM = (0.5, 1.0, 2.0, 3.0)


@dataclass(frozen=True)
class Profile:
    """The light of one group around the impacts.

    Arguments:
        species: Name.
        energy_gev: Lower and upper end of the range.
        responses: N.
        rings_cm: Edges of the rings, R + 1.
        density: Share of all light per square centimetre of fibre cells in each ring, R; None
            where no cell's middle lies.
        within: Share of the light within each of `RADII_CM`.
        within_error: Statistical, from response to response.
    """

    species: str
    energy_gev: tuple[float, float]
    responses: int
    rings_cm: tuple[float, ...]
    density: tuple[float | None, ...]
    within: tuple[float, ...]
    within_error: tuple[float, ...]


def profile(group: Group) -> Profile | None:
    """The lateral profile of one group; None without light."""
    light, cells = rings(group, RING_EDGES_CM)
    total = group.responses.photon_sum().astype(np.float64)
    if not total.any():
        return None
    area = cells.sum(axis=0) * group.responses.calorimeter.pitch**2
    # Cells are counted for every response and weighted with its light, as the light itself is.
    weighted = (cells * total[:, None]).sum(axis=0) * group.responses.calorimeter.pitch**2
    density = [
        float(one / other) if ground > 0 else None
        for one, other, ground in zip(light.sum(axis=0), weighted, area, strict=True)
    ]
    within = [float(light_within(group, radius).sum() / total.sum()) for radius in RADII_CM]
    errors = [
        ratio_error(light_within(group, radius), total, share)
        for radius, share in zip(RADII_CM, within, strict=True)
    ]
    return Profile(
        species=group.species,
        energy_gev=(group.low_gev, group.high_gev),
        responses=len(total),
        rings_cm=RING_EDGES_CM,
        density=tuple(density),
        within=tuple(within),
        within_error=tuple(errors),
    )


def distances(group: Group) -> NDArray[np.float64]:
    """Distance of every fibre from the impact of every response, cm, shape (N, Nx * Ny)."""
    x, y = fibre_positions(group.responses.calorimeter)
    found: NDArray[np.float64] = np.hypot(x - group.impact[:, :1], y - group.impact[:, 1:])
    return found


def rings(
    group: Group, edges: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Light, and number of fibres, of every response in each ring, each of shape (N, R)."""
    radius = distances(group)
    flat = group.responses.dense().reshape(len(radius), -1)
    place = np.digitize(radius, edges) - 1
    inside = (place >= 0) & (place < len(edges) - 1)
    row = np.broadcast_to(np.arange(len(radius))[:, None], radius.shape)
    flat_place = (row * (len(edges) - 1) + place)[inside]
    size = len(radius) * (len(edges) - 1)
    light = np.bincount(flat_place, flat[inside], size).astype(np.float64)
    cells = np.bincount(flat_place, minlength=size).astype(np.float64)
    return light.reshape(len(radius), -1), cells.reshape(len(radius), -1)


def light_within(group: Group, radius_cm: float) -> NDArray[np.float64]:
    """Light of every response within a radius of its impact, shape (N,)."""
    flat = group.responses.dense().reshape(len(group.impact), -1)
    found: NDArray[np.float64] = (flat * (distances(group) < radius_cm)).sum(axis=1)
    return found


def ratio_error(part: NDArray[np.float64], whole: NDArray[np.float64], share: float) -> float:
    """Standard error of the ratio of two sums over responses (delta method)."""
    if len(part) < 2:
        return float("nan")
    deviation = (part - share * whole).std(ddof=1)
    return float(deviation * np.sqrt(len(part)) / whole.sum())
