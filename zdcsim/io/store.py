"""The training store: responses in one HDF5 file, sparse, compressed, and read row by row.

One file holds the pixels and counts of all responses end to end, in compressed chunks, and the
place where each response starts (the layout of a CSR matrix). Conditions and sums are small and
come into memory when the store is opened; pixels come when a batch asks for them.

Axis key: N responses, Nx by Ny fibres, S non-zero pixels of all responses together.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from detcore.files import replacing
from zdcsim.conditions import NAMES
from zdcsim.geometry import CALORIMETERS, Calorimeter
from zdcsim.io.block import Block, check_primaries, read_provenance
from zdcsim.io.stored import StoredResponses
from zdcsim.io.units import check_units
from zdcsim.response import Responses, reused

FORMAT, VERSION = "zdcsim training store", 1
ROW_CHUNK, ENTRY_CHUNK = 4096, 2048
"""Rows, and sparse entries, that are compressed together: about 25 ZN responses, so that
one drawn from disk costs little more than itself."""
ROWS = 20_000
"""Responses, or missed primaries, that are read together."""
COLUMNS: Mapping[str, tuple[type[np.generic], tuple[int, ...]]] = {
    "particle": (np.int64, ()),
    "pdg": (np.int32, ()),
    "conditions": (np.float32, (len(NAMES),)),
    "cpu_seconds": (np.float32, ()),
    "photon_sum": (np.int64, ()),
    "reused": (np.bool_, ()),
    "length": (np.int32, ()),
    "pixels": (np.uint16, ()),
    "counts": (np.int32, ()),
    "missed_pdg": (np.int32, ()),
    "missed_conditions": (np.float32, (len(NAMES),)),
}
ENTRIES = ("pixels", "counts")
PER_RESPONSE = ("particle", "pdg", "conditions", "cpu_seconds", "photon_sum", "length")
EVENT = "event"
"""Number of the collision of each response; in stores of sources that give it."""


def write_blocks(path: Path, blocks: Iterable[Block]) -> int:
    """Write a store block by block, complete or not at all.

    Arguments:
        path: The file; replaced when it exists.
        blocks: Responses of one calorimeter; the provenance of the first goes into the file.

    Returns:
        The number of responses written.

    Raises:
        ValueError: If there is no response, the blocks are of different calorimeters, or a mass or
            charge is not that of its PDG code.
    """
    written, calorimeter = 0, None
    with replacing(path) as partial, h5py.File(partial, "w") as file:
        for name, (kind, shape) in COLUMNS.items():
            _create(file, name, kind, shape)
        for block in blocks:
            if calorimeter is None:
                calorimeter = block.responses.calorimeter
                _describe(file, block.responses)
                if block.event is not None:
                    _create(file, EVENT, np.int64, ())
            if block.responses.calorimeter != calorimeter:
                raise ValueError(f"{path} cannot hold responses of two calorimeters")
            _append(file, _columns(block))
            written += len(block.responses)
        if not written:
            raise ValueError(f"there are no responses to write to {path}")
    return written


def read(path: Path) -> Responses:
    """The whole store in memory, still sparse.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a complete store.
    """
    with open_store(path) as stored:
        return stored.in_memory()


def read_missed(path: Path) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """PDG codes (M,) and conditions (M, 9) of the primaries without light that the store keeps.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a complete store, a code is unknown, or a condition is not
            finite.
    """
    none = np.empty(0, np.int32), np.empty((0, len(NAMES)), np.float32)
    with _opened(path) as file:
        pdg, conditions = zip(none, *_missed_steps(file, path, ROWS), strict=True)
    return np.concatenate(pdg), np.concatenate(conditions)


def _missed_steps(
    file: Any,  # noqa: ANN401 - h5py has no types
    path: Path,
    rows: int,
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32]]]:
    """Some missed primaries after the other, as `read_missed` gives them."""
    columns = {name: file[name] for name in ("missed_pdg", "missed_conditions")}
    found = len(columns["missed_pdg"])
    _check_shapes(columns, found, path)
    for start in range(0, found, rows):
        pdg, conditions = (column[start : start + rows] for column in columns.values())
        check_primaries(pdg, conditions, f"{path}, missed primaries", start)
        yield pdg, conditions


def provenance_of(path: Path) -> dict[str, object]:
    """What a store says of how it was made; its responses are not read.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a complete store.
    """
    with _opened(path) as file:
        return _provenance(file, path)


def blocks(path: Path, rows: int = ROWS) -> Iterator[Block]:
    """The store block by block, then its missed primaries; conditions and sums are in memory.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a complete store.
    """
    with open_store(path) as stored:
        event = stored.file[EVENT][:] if EVENT in stored.file else None
        if event is not None:
            _check_shapes({EVENT: event}, len(stored), path)
        for start in range(0, len(stored), rows):
            chosen = slice(start, start + rows)
            part = stored.select(np.arange(len(stored))[chosen]).in_memory()
            yield Block(part, event=None if event is None else event[chosen])
        none = stored.select(np.arange(0)).in_memory()
        for missed in _missed_steps(stored.file, path, rows):
            yield Block(none, *missed)


@contextmanager
def open_store(path: Path) -> Iterator[StoredResponses]:
    """The responses of a store, which can be drawn from while the block runs.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a complete store.
    """
    with _opened(path) as file:
        yield _stored(file, path)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.exists():
        raise FileNotFoundError(f"no file {path}; make one with `zdcsim convert`")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(_sentence(path, error)) from error
    try:
        with file:
            _check_store(file, path)
            yield file
    except OSError as error:
        # HDF5 gives no number when it cannot make sense of what it reads; an error that has one is
        # of what is done with the responses meanwhile, as a full disk.
        if type(error) is not OSError or error.errno is not None:
            raise
        raise ValueError(_sentence(path, error)) from error


def _sentence(path: Path, error: OSError) -> str:
    if error.errno is None:
        return f"{path} is not a complete HDF5 file; it may be truncated: copy or convert it again"
    locked = "; another process writes it" if isinstance(error, BlockingIOError) else ""
    return f"{path} cannot be read: {os.strerror(error.errno)}{locked}"


def _check_store(file: Any, path: Path) -> None:  # noqa: ANN401 - h5py has no types
    found = (file.attrs.get("format"), file.attrs.get("version"))
    if found != (FORMAT, VERSION):
        raise ValueError(
            f"{path} must be a {FORMAT!r} of version {VERSION}; it is {found[0]!r} of version "
            f"{found[1]}: make one with `zdcsim convert`"
        )
    # What was re-used is not read, and the first stores did not say it.
    absent = [name for name in COLUMNS if name not in file and name != "reused"]
    if absent:
        raise ValueError(
            f"{path} lacks the dataset {', '.join(absent)}; found {', '.join(file)}: convert "
            "it again"
        )


def _stored(file: Any, path: Path) -> StoredResponses:  # noqa: ANN401 - h5py has no types
    columns = {name: file[name][:] for name in PER_RESPONSE}
    lengths = columns["length"].astype(np.int64)
    _check_shapes(columns, len(lengths), path)
    check_primaries(columns["pdg"], columns["conditions"], str(path))
    whole = lengths.sum() == len(file["pixels"]) == len(file["counts"])
    if not whole or lengths.min(initial=0) < 0:
        raise ValueError(
            f"{path} holds {len(file['pixels'])} pixels but its responses claim {lengths.sum()}; "
            "convert it again"
        )
    return StoredResponses(
        file=file,
        calorimeter=_calorimeter(file, path),
        particle=columns["particle"],
        pdg=columns["pdg"],
        conditions=columns["conditions"],
        cpu_seconds=columns["cpu_seconds"],
        sums=columns["photon_sum"],
        starts=np.cumsum(lengths) - lengths,
        lengths=lengths,
        provenance=_provenance(file, path),
    )


def _provenance(file: Any, path: Path) -> dict[str, object]:  # noqa: ANN401
    return read_provenance(file.attrs.get("provenance", "{}"), str(path))


def _calorimeter(file: Any, path: Path) -> Calorimeter:  # noqa: ANN401
    name = str(file.attrs.get("calorimeter"))
    if name not in CALORIMETERS:
        raise ValueError(
            f"{path} is of calorimeter {name!r}; expected one of {', '.join(CALORIMETERS)}"
        )
    return CALORIMETERS[name]


def _check_shapes(columns: Mapping[str, Any], rows: int, path: Path) -> None:
    """Raise ValueError where a dataset does not have a row for each response or primary."""
    for name, column in columns.items():
        expected = (rows, *COLUMNS[name][1]) if name in COLUMNS else (rows,)
        if column.shape != expected:
            raise ValueError(
                f"{path}: the dataset {name} has shape {column.shape}, expected {expected}; "
                "convert it again"
            )


def _create(file: Any, name: str, kind: type[np.generic], shape: tuple[int, ...]) -> None:  # noqa: ANN401
    chunk = ENTRY_CHUNK if name in ENTRIES else ROW_CHUNK
    file.create_dataset(
        name, (0, *shape), kind, maxshape=(None, *shape), chunks=(chunk, *shape),
        compression="gzip", compression_opts=4, shuffle=True,
    )  # fmt: skip


def _describe(file: Any, responses: Responses) -> None:  # noqa: ANN401
    """Everything about the file that is not an array, as its attributes."""
    file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
    file.attrs["calorimeter"] = responses.calorimeter.name
    file.attrs["shape"] = responses.calorimeter.shape
    file.attrs["pixel_index"], file.attrs["charge_unit"] = "ix * Ny + iy", "e/3"
    file.attrs["provenance"] = json.dumps(dict(responses.provenance), sort_keys=True)


def _columns(block: Block) -> dict[str, NDArray[Any]]:
    found = block.responses
    check_units(found.pdg, found.conditions, "responses to be written")
    check_units(block.missed_pdg, block.missed_conditions, "missed primaries to be written")
    event = {} if block.event is None else {EVENT: block.event}
    return {
        **event,
        "particle": found.particle,
        "pdg": found.pdg,
        "conditions": found.conditions,
        "cpu_seconds": found.cpu_seconds,
        "photon_sum": found.photon_sum(),
        "reused": reused(found.particle),
        "length": np.diff(found.offsets),
        "pixels": found.pixels,
        "counts": found.counts,
        "missed_pdg": block.missed_pdg,
        "missed_conditions": block.missed_conditions,
    }


def _append(file: Any, columns: Mapping[str, NDArray[Any]]) -> None:  # noqa: ANN401
    for name, column in columns.items():
        held = len(file[name])
        file[name].resize(held + len(column), axis=0)
        file[name][held:] = column
