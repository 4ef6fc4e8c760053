"""ROOT files opened such that whatever is wrong with them is told in one sentence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import uproot
from numpy.typing import NDArray

PROVENANCE: Final = "provenance"


@contextmanager
def opened(path: Path | str) -> Iterator[uproot.ReadOnlyDirectory]:
    """The file, closed when the block ends.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not complete ROOT.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no file {path}; make one with `pid simulate`")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a ROOT file")
    try:
        with uproot.open(path) as file:
            yield file
    except ValueError:
        raise
    except Exception as error:  # uproot raises many kinds for damaged files
        raise ValueError(
            f"{path} is not a complete ROOT file ({type(error).__name__}); it may be truncated: "
            "copy it again"
        ) from error


def provenance(file: uproot.ReadOnlyDirectory) -> str:
    """What the file says of its origin, JSON; empty for files of others."""
    return str(file[PROVENANCE]) if PROVENANCE in file else ""


def branches(
    tree: uproot.TTree, names: Sequence[str], path: Path, rows: tuple[int, int] | None = None
) -> dict[str, NDArray[np.generic]]:
    """Flat numeric branches of a tree, of all rows or of some.

    Raises:
        ValueError: If a branch is absent or not one number a row.
    """
    absent = [name for name in names if name not in tree]
    if absent:
        raise ValueError(
            f"{path}, tree {tree.name} lacks the branch {', '.join(absent)}; it has "
            f"{', '.join(tree.keys())}"
        )
    start, stop = rows or (0, tree.num_entries)
    found = tree.arrays(list(names), library="np", entry_start=start, entry_stop=stop)
    for name in names:
        if found[name].ndim != 1 or found[name].dtype.kind not in "biuf":
            raise ValueError(
                f"{path}, tree {tree.name}: branch {name} has type {tree[name].typename}; "
                "expected one number a track"
            )
    return {name: found[name] for name in names}
