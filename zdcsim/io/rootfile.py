"""Opening ROOT files, local or at a URL, with one sentence for everything that can be wrong."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uproot

XROOTD = "root://"


def is_url(location: Path | str) -> bool:
    """Whether a location is a URL rather than a path of this machine."""
    return isinstance(location, str) and "://" in location


@contextmanager
def opened(location: Path | str) -> Iterator[uproot.ReadOnlyDirectory]:
    """The file, with every failure of uproot inside the block turned into one sentence.

    Arguments:
        location: A path, or a URL of a scheme that fsspec knows; `root://` needs fsspec-xrootd.

    Raises:
        FileNotFoundError: If there is no such local file.
        ValueError: If the file is not complete ROOT, or the URL cannot be read here.
    """
    if is_url(location):
        _require_xrootd(str(location))
    elif not Path(location).exists():
        raise FileNotFoundError(f"no file {location}; make one with `zdcsim simulate`")
    try:
        # A cache of arrays would hold the blocks that were read and let go.
        with uproot.open(location, array_cache=None) as file:
            yield file
    except (ValueError, MemoryError):
        raise
    except Exception as error:  # uproot raises many kinds for damaged files
        raise ValueError(_sentence(location, error)) from error


def names(file: uproot.ReadOnlyDirectory) -> str:
    """What an opened file holds, for a message."""
    return ", ".join(file.keys(cycle=False)) or "nothing"


def _require_xrootd(url: str) -> None:
    if url.startswith(XROOTD) and importlib.util.find_spec("fsspec_xrootd") is None:
        raise ValueError(
            f"reading {url} needs the package fsspec-xrootd, which is not installed; "
            "run: pip install 'zdcsim[xrootd]', or copy the file here with xrdcp"
        )


def _sentence(location: Path | str, error: Exception) -> str:
    if is_url(location) and isinstance(error, OSError):
        return f"{location} cannot be read: {' '.join(str(error).split())}"
    if isinstance(error, IsADirectoryError):
        return f"{location} is a folder; name a ROOT file"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{location} cannot be read: {os.strerror(error.errno)}"
    return (
        f"{location} is not a complete ROOT file ({type(error).__name__}); it may be truncated: "
        "copy or simulate it again"
    )
