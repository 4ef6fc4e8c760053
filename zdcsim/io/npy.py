"""NumPy array files read in steps, without unpickling anything.

A pickle can run any program when it is opened, so neither `.pkl` files nor arrays of Python objects
are read.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

MEMBER = "arr_0"
"""The name that `np.savez` gives an array without one."""
PICKLES = (".pkl", ".pickle", ".p")


class ArrayFile:
    """The rows of one array, read in order.

    Arguments:
        stream: Stands at the first byte after the array's header.
        shape: Of the whole array; its first axis runs over the rows.
        dtype: Of one number.
        path: For messages.
    """

    def __init__(
        self, stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any], path: Path
    ) -> None:
        self.stream, self.shape, self.dtype, self.path = stream, shape, dtype, path

    def next(self, rows: int) -> NDArray[Any]:
        """The next rows, as many as asked for.

        Raises:
            EOFError: If the file ends before them; `opened_array` tells of it.
        """
        count = rows * int(np.prod(self.shape[1:], dtype=np.int64))
        data = self.stream.read(count * self.dtype.itemsize)
        if len(data) < count * self.dtype.itemsize:
            raise EOFError
        return np.frombuffer(data, self.dtype).reshape(rows, *self.shape[1:])


@contextmanager
def opened_array(path: Path) -> Iterator[ArrayFile]:
    """The array of a .npy file, or the only array of a .npz file, for reading in order.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is a pickle, holds Python objects, is truncated or no array file.
    """
    if path.suffix in PICKLES:
        raise ValueError(
            f"{path} is a pickle, which may run any program when opened and is not read; open it "
            "where you trust it and save the array with np.savez_compressed"
        )
    if not path.exists():
        raise FileNotFoundError(f"no file {path}")
    try:
        with path.open("rb") as file:
            if path.suffix == ".npz":
                with zipfile.ZipFile(file) as archive, archive.open(_member(archive, path)) as one:
                    yield _array(one, path)
            else:
                yield _array(file, path)
    except (EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"{path} is not a complete array file; it may be truncated: copy it again"
        ) from error


def _member(archive: zipfile.ZipFile, path: Path) -> str:
    names = archive.namelist()
    if f"{MEMBER}.npy" in names:
        return f"{MEMBER}.npy"
    if len(names) != 1:
        raise ValueError(
            f"{path} holds {', '.join(names) or 'nothing'}; expected {MEMBER} or a single array"
        )
    return names[0]


def _array(stream: IO[bytes], path: Path) -> ArrayFile:
    try:
        version = np.lib.format.read_magic(stream)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = read_header(stream)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{path} is not a NumPy array file of version 1 or 2") from error
    if dtype.hasobject:
        raise ValueError(
            f"{path} holds Python objects, which only a pickle can keep and which are not read; "
            "save it again as an array of numbers"
        )
    if fortran or not shape:
        raise ValueError(f"{path} must hold its rows one after the other; save it in C order")
    return ArrayFile(stream, shape, dtype, path)
