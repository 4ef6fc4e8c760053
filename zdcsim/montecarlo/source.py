"""Sources of primaries behind one interface, each run in a process of its own.

Sibyll is Fortran with global state: one instance a process, whatever else that process does.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from importlib.metadata import version

from zdcsim.geometry import Calorimeter
from zdcsim.montecarlo.collisions import SQRT_S_GEV, Collisions
from zdcsim.montecarlo.gun import Gun
from zdcsim.montecarlo.primaries import Primaries


class Source:
    """Where primaries come from: a gun or proton-proton collisions."""

    def __init__(self, kind: Gun | Collisions) -> None:
        self.kind = kind

    def record(self) -> dict[str, object]:
        """What a file stores of the source."""
        if isinstance(self.kind, Gun):
            return {"name": "gun", **asdict(self.kind)}
        return {
            "name": "pp14tev",
            "generator": f"Sibyll 2.3d (chromo {version('chromo')})",
            "sqrt_s_gev": SQRT_S_GEV,
            **asdict(self.kind),
            "vertex_sigma_cm": list(self.kind.vertex_sigma_cm),
        }


def primaries(
    source: Source, hits: int, misses: int, calorimeter: Calorimeter, seed: int
) -> tuple[Primaries, Primaries]:
    """Primaries that reach the face and, from collisions, others that do not."""
    if isinstance(source.kind, Gun):
        return source.kind.primaries(hits, calorimeter, seed), Primaries.none()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(source.kind.primaries, hits, misses, calorimeter, seed).result()
