"""A training sample from our own files: its fibres held in memory, or left on disk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zdcsim.io import own_file, store
from zdcsim.io.block import Block
from zdcsim.io.joining import joined
from zdcsim.io.lineage import file_origin, recorded
from zdcsim.response import Sample
from zdcsim.response import joined as end_to_end

Held = Literal["memory", "disk"]
"""Where the fibres are, sparse either way; conditions and sums are always in memory."""


@contextmanager
def opened_samples(paths: Sequence[Path], held: Held = "memory") -> Iterator[Sample]:
    """The responses of one file or of several together, while the block runs.

    The particles of several are numbered through; equal code and conditions make one particle.

    Arguments:
        paths: As in `opened_sample`.
        held: Likewise; several files do not stay on disk.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If one is not complete, the files are of different kinds or have the same
            showers, or several shall stay on disk.
    """
    if len(paths) == 1:
        with opened_sample(paths[0], held) as sample:
            yield sample
    elif held == "disk":
        raise ValueError(
            f"{len(paths)} files cannot stay on disk together; join them into one training store "
            "with `zdcsim convert`, or set data.held: memory"
        )
    else:
        read = [own_file.read(path) for path in paths]
        sources = [(str(path), [Block(part)]) for path, part in zip(paths, read, strict=True)]
        origins = [
            file_origin(path, part.provenance) for path, part in zip(paths, read, strict=True)
        ]
        together = recorded(joined(sources), origins)
        yield end_to_end([block.responses for block in together])


@contextmanager
def opened_sample(path: Path, held: Held = "memory") -> Iterator[Sample]:
    """The responses of a ROOT file or a training store, while the block runs.

    Arguments:
        path: A store ends in .h5 or .hdf5; any other name is ROOT.
        held: `disk` reads the fibres of every batch from a store.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not complete, or is ROOT and shall stay on disk.
    """
    if held == "memory":
        yield own_file.read(path)
    elif not own_file.is_store(path):
        raise ValueError(
            f"{path} is not a training store, whose fibres could stay on disk; convert it "
            "with `zdcsim convert`, or set data.held: memory"
        )
    else:
        with store.open_store(path) as stored:
            yield stored


def read_missed(paths: Sequence[Path]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """PDG codes (M,) and conditions (M, 9) of the primaries without light in the files."""
    codes, conditions = zip(*map(own_file.read_missed, paths), strict=True)
    return np.concatenate(codes), np.concatenate(conditions)
