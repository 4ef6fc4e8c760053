"""Finished blocks of a sample, kept in a folder beside the output until the output is written.

Axis key: none.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from detcore.claim import claim
from detcore.files import replacing
from pid.tracks import Tracks


@dataclass(frozen=True)
class Finished:
    """The folder of the finished blocks of one output file."""

    folder: Path

    @classmethod
    def beside(cls, out: Path) -> "Finished":
        """The folder that belongs to an output file."""
        return cls(out.with_name(f".{out.name}.parts"))

    def claim(self, record: Mapping[str, Any]) -> None:
        """Start the folder, or take it up; see `detcore.claim`."""
        claim(self.folder, record)

    def has(self, block: int) -> bool:
        """Whether a block is finished."""
        return self._path(block).exists()

    def keep(self, block: int, tracks: Tracks) -> None:
        """Keep a simulated block, complete or not at all."""
        with replacing(self._path(block)) as partial, partial.open("wb") as file:
            np.savez(
                file,
                columns=np.array(tracks.columns),
                values=tracks.values,
                event=tracks.event,
                pdg=tracks.truth(),
                primary=np.asarray(tracks.primary),
            )

    def read(self, block: int) -> Tracks:
        """A block that is finished."""
        with np.load(self._path(block), allow_pickle=False) as found:
            columns = tuple(map(str, found["columns"]))
            arrays = (found[name] for name in ("values", "event", "pdg", "primary"))
            return Tracks(columns, *arrays)

    def remove(self) -> None:
        """Remove the folder, once the output is written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, block: int) -> Path:
        return self.folder / f"{block:06d}.npz"
