"""A training sample from one of our own files: its fibres held in memory, or left on disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zdcsim.io import store, tree
from zdcsim.response import Sample

Held = Literal["memory", "disk"]
"""Where the fibres are, sparse either way; conditions and sums are always in memory."""


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
    if path.suffix not in store.SUFFIXES:
        if held == "disk":
            raise ValueError(
                f"{path} is not a training store, whose fibres could stay on disk; convert it "
                "with `zdcsim convert`, or set data.held: memory"
            )
        yield tree.read(path)
    elif held == "memory":
        yield store.read(path)
    else:
        with store.open_store(path) as stored:
            yield stored


def read_missed(path: Path) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """PDG codes (M,) and conditions (M, 9) of the primaries without light in the file."""
    if path.suffix in store.SUFFIXES:
        return store.read_missed(path)
    return tree.read_missed(path)
