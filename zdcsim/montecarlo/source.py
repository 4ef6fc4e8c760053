"""Sources of primaries behind one interface.

Sibyll is Fortran with global state: one instance a process, whatever else that process does, so it
runs in one of its own.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict

from zdcsim.geometry import Calorimeter
from zdcsim.montecarlo.collisions import Collisions
from zdcsim.montecarlo.gun import Gun
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.montecarlo.spectators import Spectators
from zdcsim.optics import Machine


class Source:
    """Where primaries come from: a gun, proton-proton or lead-lead collisions."""

    def __init__(self, kind: Gun | Collisions | Spectators) -> None:
        self.kind = kind

    @property
    def machine(self) -> Machine | None:
        """The magnets between vertex and calorimeter; without, particles fly straight."""
        return None if isinstance(self.kind, Gun) else self.kind.machine

    def record(self) -> dict[str, object]:
        """What a file stores of the source and of the way to the calorimeter."""
        if isinstance(self.kind, Gun):
            return {"name": "gun", **asdict(self.kind)}
        machine = self.machine
        return {
            **self.kind.record(),
            "beam_momentum_gev": None if machine is None else machine.beam_momentum_gev,
        }


def primaries(
    source: Source, hits: int, misses: int, calorimeter: Calorimeter, seed: int
) -> tuple[Primaries, Primaries]:
    """Primaries that reach the face and, from collisions, others that do not."""
    if isinstance(source.kind, Gun):
        return source.kind.primaries(hits, calorimeter, seed), Primaries.none()
    if isinstance(source.kind, Spectators):
        return source.kind.primaries(hits, misses, calorimeter, seed)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(source.kind.primaries, hits, misses, calorimeter, seed).result()
