"""Lateral profile: how the light lies around the point where the particle hits.

Axis key: N responses, R rings.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.evaluation.features import fibre_positions
from zdcsim.validation.groups import Error, Group

RING_EDGES_CM = tuple(float(edge) for edge in np.round(np.arange(0, 3.3, 0.2), 1))
RADII_CM = (0.5, 1.0, 2.0, 3.0)
CHUNK = 1000
"""Responses that are dense at a time."""


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
        within_error: Statistical, from particle to particle, as copies share where it hits and
            its energy; NaN of a single one.
    """

    species: str
    energy_gev: tuple[float, float]
    responses: int
    rings_cm: tuple[float, ...]
    density: tuple[float | None, ...]
    within: tuple[float, ...]
    within_error: tuple[Error, ...]


def profile(group: Group) -> Profile | None:
    """The lateral profile of one group; None without light."""
    total = group.responses.photon_sum().astype(np.float64)
    if not total.any():
        return None
    light, cells, inside = (np.concatenate(parts) for parts in zip(*_in_chunks(group), strict=True))
    area = cells.sum(axis=0) * group.responses.calorimeter.pitch**2
    # Cells are counted for every response and weighted with its light, as the light itself is.
    weighted = (cells * total[:, None]).sum(axis=0) * group.responses.calorimeter.pitch**2
    density = [
        float(one / other) if ground > 0 else None
        for one, other, ground in zip(light.sum(axis=0), weighted, area, strict=True)
    ]
    within = inside.sum(axis=0) / total.sum()
    _, particle = np.unique(group.responses.particle, return_inverse=True)
    whole = np.bincount(particle, total)
    parts = (np.bincount(particle, part) for part in inside.T)
    errors = [ratio_error(part, whole, share) for part, share in zip(parts, within, strict=True)]
    return Profile(
        species=group.species,
        energy_gev=(group.low_gev, group.high_gev),
        responses=len(total),
        rings_cm=RING_EDGES_CM,
        density=tuple(density),
        within=tuple(within.tolist()),
        within_error=tuple(errors),
    )


def _in_chunks(
    group: Group,
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
    """Light and fibres in rings, and light within `RADII_CM`, of some responses at a time."""
    x, y = fibre_positions(group.responses.calorimeter)
    for start in range(0, len(group.impact), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(group.impact)))
        impact = group.impact[rows]
        radius: NDArray[np.float64] = np.hypot(x - impact[:, :1], y - impact[:, 1:])
        flat = group.responses.dense(rows).reshape(len(rows), -1)
        light, cells = rings(radius, flat, RING_EDGES_CM)
        inside = [(flat * (radius < edge)).sum(axis=1) for edge in RADII_CM]
        yield light, cells, np.stack(inside, axis=1).astype(np.float64)


def rings(
    radius: NDArray[np.float64], flat: NDArray[np.float32], edges: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Light, and number of fibres, of every response in each ring, each of shape (N, R).

    Arguments:
        radius: Distance of every fibre from the impact of every response, cm, shape (N, Nx * Ny).
        flat: Photo-electrons of the fibres, shape (N, Nx * Ny).
        edges: Of the rings, cm, R + 1.
    """
    place = np.digitize(radius, edges) - 1
    inside = (place >= 0) & (place < len(edges) - 1)
    row = np.broadcast_to(np.arange(len(radius))[:, None], radius.shape)
    flat_place = (row * (len(edges) - 1) + place)[inside]
    size = len(radius) * (len(edges) - 1)
    light = np.bincount(flat_place, flat[inside], size).astype(np.float64)
    cells = np.bincount(flat_place, minlength=size).astype(np.float64)
    return light.reshape(len(radius), -1), cells.reshape(len(radius), -1)


def ratio_error(part: NDArray[np.number], whole: NDArray[np.number], share: float) -> float:
    """Standard error of the ratio of two sums over independent terms (delta method)."""
    if len(part) < 2:
        return float("nan")
    deviation = (part - share * whole).std(ddof=1)
    return float(deviation * np.sqrt(len(part)) / whole.sum())
