"""Finished blocks of a sample, kept in a folder beside the output until the output is written.

Axis key: none.
"""

from pathlib import Path

import numpy as np

from detcore.files import replacing
from detcore.parts import Parts
from pid.tracks import Tracks


class Finished(Parts):
    """The folder of the finished blocks of one output file."""

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

    def _path(self, block: int) -> Path:
        return self.folder / f"{block:06d}.npz"
