"""A file of ours, whichever kind it is: ROOT, or a training store by the ending of its name."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zdcsim.io import tree
from zdcsim.io.lineage import GROWN_FROM, made_of
from zdcsim.response import Responses
from zdcsim.shower_physics import DATA_KIND, GEANT4

STORE_SUFFIXES: Final = (".h5", ".hdf5")


def is_store(path: Path) -> bool:
    """Whether a file is a training store, as its name says."""
    return path.suffix in STORE_SUFFIXES


def read(path: Path) -> Responses:
    """The responses of a ROOT file or a training store, in memory.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not complete, or is a shower library.
    """
    if is_store(path):
        # Reading a store needs h5py, which ROOT files do without.
        from zdcsim.io import store

        return store.read(path)
    return tree.read(path)


def provenance_of(path: Path) -> dict[str, object]:
    """What the file says of how it was made; its responses are not read.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not complete, or has no provenance.
    """
    if is_store(path):
        from zdcsim.io import store

        return store.provenance_of(path)
    return tree.provenance_of(path)


def check_replaceable(path: Path) -> None:
    """Refuse to replace what is not made again in minutes, or what another program wrote.

    Arguments:
        path: A file to be written; nothing is said if there is none.

    Raises:
        ValueError: If it holds showers of Geant4, or is no file of ours.
    """
    if not path.exists():
        return
    ways = "choose another --out, or replace it with --overwrite"
    try:
        stated = provenance_of(path)
    except (ValueError, OSError) as problem:
        raise ValueError(f"{path} exists and cannot be read as ours ({problem}); {ways}") from None
    converted = is_store(path) or (made_of(stated) and GROWN_FROM not in stated)
    if stated.get(DATA_KIND) == GEANT4 and not converted:
        raise ValueError(f"{path} exists and holds showers of Geant4; {ways}")


def read_missed(path: Path) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """PDG codes (M,) and conditions (M, 9) of the primaries without light in the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not complete, a code is unknown or a condition is not finite.
    """
    if is_store(path):
        from zdcsim.io import store

        return store.read_missed(path)
    return tree.read_missed(path)
