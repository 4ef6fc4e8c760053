"""Response and resolution against energy.

Axis key: N responses, U particles.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import ENERGY
from zdcsim.validation.groups import Error, Group


@dataclass(frozen=True)
class Point:
    """One species at one energy.

    Arguments:
        species: Name.
        energy_gev: Mean energy of the particles.
        particles: Different ones, U.
        responses: N.
        per_tev: Mean over the particles of photo-electrons per TeV.
        per_tev_error: Statistical; NaN of a single response.
        resolution: Standard deviation of the photon sum between copies of one particle, over what
            the group gives to its energy, root mean square over the particles; None if every
            particle has one copy, or none leaves light. Not over the particle's own mean, which
            one that flies through a groove makes as small as chance will have it.
        resolution_error: Statistical, as if photon sums were normal.
    """

    species: str
    energy_gev: float
    particles: int
    responses: int
    per_tev: float
    per_tev_error: Error
    resolution: float | None
    resolution_error: float | None


def point(group: Group) -> Point:
    """Response and resolution of one group."""
    found = group.responses
    _, first, index, copies = np.unique(
        found.particle, return_index=True, return_inverse=True, return_counts=True
    )
    energy = found.conditions[first, ENERGY].astype(np.float64)
    total = found.photon_sum().astype(np.float64)
    mean = np.bincount(index, total) / copies
    squares = np.bincount(index, (total - mean[index]) ** 2).astype(np.float64)
    per_tev = 1000 * mean / energy
    resolution, error = _resolution(squares, energy * per_tev.mean() / 1000, copies)
    if len(copies) > 1:
        per_tev_error = float(per_tev.std(ddof=1) / np.sqrt(len(copies)))
    else:
        per_tev_error = float(per_tev[0] * (resolution or np.nan) / np.sqrt(copies[0]))
    return Point(
        species=group.species,
        energy_gev=float(energy.mean()),
        particles=len(copies),
        responses=len(found),
        per_tev=float(per_tev.mean()),
        per_tev_error=per_tev_error,
        resolution=resolution,
        resolution_error=error,
    )


def _resolution(
    squares: NDArray[np.float64], expected: NDArray[np.float64], copies: NDArray[np.int64]
) -> tuple[float | None, float | None]:
    """Resolution and its error from squared deviations, light and copies, shape (U,) each."""
    freedom = int((copies - 1).sum())
    if freedom == 0 or not expected.all():
        return None, None
    relative = float(np.sqrt((squares / expected**2).sum() / freedom))
    return relative, relative / float(np.sqrt(2 * freedom))
