"""How much a mean depends on which particles a sample happens to hold.

The particles are drawn anew with replacement, each with all its copies, as copies of one particle
are not independent (B. Efron, Ann. Stat. 7 (1979) 1; of clusters). One less is drawn than there
are: as many would give a mean a variance of 1 - 1/P times the true one, a third too small of three
particles (P. J. McCarthy and C. B. Snowden, Vital Health Stat. 2 (1985) 95). Distances are no
means: a particle that is drawn twice is in both halves and moves them apart, see `jackknife`.

Axis key: N responses, P particles, R draws.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

DRAWS = 50


def drawn_rows(
    particle: NDArray[np.integer], rng: np.random.Generator, draws: int = DRAWS
) -> Iterator[NDArray[np.int64]]:
    """Rows of one particle less than there are, drawn with replacement, R times.

    Raises:
        ValueError: If there is a single particle, of which nothing follows.
    """
    index = np.unique(particle, return_inverse=True)[1]
    order = np.argsort(index, kind="stable")
    rows_of = np.split(order, np.cumsum(np.bincount(index))[:-1])
    if len(rows_of) < 2:
        raise ValueError(f"an error by the draw of particles needs two; got {len(rows_of)}")
    for _ in range(draws):
        chosen = rng.integers(len(rows_of), size=len(rows_of) - 1)
        yield np.concatenate([rows_of[k] for k in chosen])


def deviation(values: Sequence[float]) -> float | None:
    """Standard deviation of the draws; None if one of them is not finite."""
    found = np.asarray(values, dtype=np.float64)
    return float(found.std(ddof=1)) if np.isfinite(found).all() else None
