"""Finished showers, kept in a folder beside the output until the output is written."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detcore.files import replacing
from detcore.parts import Parts
from zdcsim.montecarlo import source
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.montecarlo.production import IDENTIFIERS_PER_SEED, Production, Shower
from zdcsim.response import Responses


@dataclass(frozen=True)
class Light:
    """The light of one shower.

    Arguments:
        pixels: Flat index ix * Ny + iy of the fibres with light, shape (S,).
        counts: Their photo-electrons, shape (S,).
        cpu_seconds: What it took.
    """

    pixels: NDArray[np.uint16]
    counts: NDArray[np.int32]
    cpu_seconds: float


class Finished(Parts):
    """The folder of the finished showers of one output file."""

    def primaries(self, production: Production) -> tuple[Primaries, Primaries]:
        """Primaries that reach and that miss: those of the folder, or new ones."""
        path = self.folder / "primaries.npz"
        if not path.exists():
            hits, misses = source.primaries(
                production.source,
                production.particles,
                production.missed,
                production.calorimeter,
                production.seed,
            )
            with replacing(path) as partial, partial.open("wb") as file:
                np.savez(
                    file,
                    pdg=hits.pdg,
                    conditions=hits.conditions,
                    missed_pdg=misses.pdg,
                    missed_conditions=misses.conditions,
                    event=hits.event,
                    missed_event=misses.event,
                )
        with np.load(path) as found:
            return (
                Primaries(found["pdg"], found["conditions"], found["event"]),
                Primaries(found["missed_pdg"], found["missed_conditions"], found["missed_event"]),
            )

    def withdraw(self) -> None:
        """Remove the folder if no shower is in it: a refused production must not block another."""
        if not any(path.is_dir() for path in self.folder.iterdir()):
            self.remove()

    def has(self, shower: Shower) -> bool:
        """Whether a shower is finished."""
        return self._path(shower).exists()

    def keep(self, shower: Shower, light: Light) -> None:
        """Keep a shower, complete or not at all."""
        with replacing(self._path(shower)) as partial, partial.open("wb") as file:
            np.savez(
                file,
                pixels=light.pixels,
                counts=light.counts,
                cpu_seconds=np.float32(light.cpu_seconds),
            )

    def merged(
        self,
        production: Production,
        hits: Primaries,
        showers: list[Shower],
        record: dict[str, object],
    ) -> Responses:
        """The responses of all showers, in their order, whoever simulated them."""
        light = [self._light(shower) for shower in showers]
        index = np.array([i for i, _ in showers])
        lengths = [len(one.pixels) for one in light]
        return Responses(
            calorimeter=production.block,
            particle=production.seed * IDENTIFIERS_PER_SEED + index,
            pdg=hits.pdg[index],
            conditions=hits.conditions[index],
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            pixels=np.concatenate([one.pixels for one in light]),
            counts=np.concatenate([one.counts for one in light]),
            cpu_seconds=np.array([one.cpu_seconds for one in light], np.float32),
            provenance=record,
        )

    def remove(self) -> None:
        """Remove the folder; Geant4's hours do not stay behind unnoticed."""
        shutil.rmtree(self.retired())

    def _light(self, shower: Shower) -> Light:
        with np.load(self._path(shower)) as found:
            return Light(found["pixels"], found["counts"], float(found["cpu_seconds"]))

    def _path(self, shower: Shower) -> Path:
        return self.folder / f"{shower[0]:06d}" / f"{shower[1]:04d}.npz"
