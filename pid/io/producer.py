"""The tables of O2Physics' PIDML producer: DF_*/O2pidtracks... in ROOT files.

Each data frame is a folder with a tree of tracks. Of simulations there are `mcml` (what models
need) and `mc` (n-sigma and more); of real data `dataml` and `data`, without truth.

Axis key: N tracks.

Source: O2Physics, Tools/PIDML/pidMl.h.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
import uproot
from numpy.typing import NDArray

from detcore.files import replacing
from pid.columns import COLUMNS, EVENT, EXTENDED, MODEL, PDG, PRIMARY, PRODUCER, TRUTH, blanked
from pid.io.opened import PROVENANCE, branches, opened, provenance
from pid.tracks import Tracks, joined

Table = Literal["mcml", "mc", "dataml", "data"]
TABLES: Final[tuple[Table, ...]] = ("mcml", "mc", "dataml", "data")
"""In the order in which they are looked for."""

Compression = Literal["zstd", "lzma"]
TRUTH_TREE: Final = "O2pidtrackstruth"
"""Our own table: the truth of a file that plays real data, kept apart from it."""

NO_EVENTS: Final = "one a track: no fIndexCollisions"
"""In the provenance of tracks, under `event`, where each counts as an event of its own."""

ROWS_AT_ONCE: Final = 500_000


def read(path: Path | str, columns: Sequence[str] = MODEL, truth: bool = True) -> Tracks:
    """All tracks of a file.

    Arguments:
        path: The file.
        columns: Which columns, in the order wanted.
        truth: Whether true species are needed; without, they are read where the file has them.

    Returns:
        The tracks. Without the column fIndexCollisions, which O2's tables of 19 and 21 columns
        lack, each counts as an event of its own; the provenance then says NO_EVENTS.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not ROOT, has no table or no track, or a branch is absent or of
            another type; if truth is needed and the file has none.
    """
    parts = list(stream(path, columns, truth))
    if not parts:
        raise ValueError(f"{path} holds no tracks; its tables are empty")
    return joined(parts)


def stream(
    path: Path | str, columns: Sequence[str] = MODEL, truth: bool = True
) -> Iterator[Tracks]:
    """The tracks of a file, at most half a million at a time; arguments and errors of `read`."""
    path = Path(path)
    with opened(path) as file:
        trees, table = _trees(file, path, columns)
        known = table in ("mcml", "mc")
        if truth and not known:
            raise ValueError(
                f"{path} has table O2pidtracks{table}, real data without true species; give a "
                "simulated file, or read it without truth"
            )
        origin = {"file": path.name, "table": table, PROVENANCE: provenance(file)}
        for frame, tree in trees:
            for start in range(0, tree.num_entries, ROWS_AT_ONCE):
                rows = start, min(start + ROWS_AT_ONCE, tree.num_entries)
                yield _tracks(tree, frame, columns, known, path, rows, origin)


def write(
    path: Path,
    frames: Iterable[tuple[str, Tracks]],
    table: Table,
    record: str,
    compression: Compression = "zstd",
) -> int:
    """Write data frames as the producer does, complete or not at all.

    Arguments:
        path: The file; replaced when it exists.
        frames: Name (DF_<number>) and tracks of each; the lower 32 bits of `event` are written.
        table: Which table; the columns of the tracks must hold its columns.
        record: The provenance, JSON.
        compression: `lzma` is smallest, `zstd` fastest.

    Returns:
        The number of tracks written.

    Raises:
        ValueError: If a column or the truth is absent, or there is no track.
    """
    tree = f"O2pidtracks{table}"
    return _write(path, ((n, tree, branches_of(t, table)) for n, t in frames), record, compression)


def write_truth(
    path: Path, frames: Iterable[tuple[str, Tracks]], record: str, compression: Compression = "zstd"
) -> int:
    """Write the true species of frames alone, to be kept apart; arguments and errors of `write`."""
    return _write(
        path, ((n, TRUTH_TREE, truth_branches(t)) for n, t in frames), record, compression
    )


def read_truth(path: Path | str, tracks: Tracks) -> Tracks:
    """The tracks with the truth of the file that was kept apart from theirs.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not of these tracks.
    """
    path, names = Path(path), (EVENT.name, PDG.name, PRIMARY.name)
    with opened(path) as file:
        frames = _frames(file)
        if not frames or TRUTH_TREE not in file[frames[0]]:
            raise ValueError(f"{path} has no table {TRUTH_TREE}; give the truth kept apart")
        parts = [(frame, branches(file[frame][TRUTH_TREE], names, path)) for frame in frames]
    event = np.concatenate([event_number(f, p[EVENT.name]) for f, p in parts])
    if not np.array_equal(event, tracks.event):
        raise ValueError(f"{path} holds the truth of other tracks ({len(event)}, {len(tracks)})")
    return Tracks(
        columns=tracks.columns,
        values=tracks.values,
        event=tracks.event,
        pdg=np.concatenate([p[PDG.name] for _, p in parts]).astype(np.int32),
        primary=np.concatenate([p[PRIMARY.name] for _, p in parts]).astype(np.bool_),
        provenance=tracks.provenance,
    )


def event_number(frame: str, collision: NDArray[np.generic]) -> NDArray[np.int64]:
    """A number for each collision that depends on the frame's name, not on the file, shape (N,).

    The upper bits are a hash of the name, the lower 32 the collision's index in its frame.
    """
    digest = hashlib.blake2b(frame.encode(), digest_size=4).digest()
    upper = np.int64(int.from_bytes(digest, "big") >> 1) << np.int64(32)
    return upper | (collision.astype(np.int64) & np.int64(0xFFFFFFFF))


def branches_of(tracks: Tracks, table: Table) -> dict[str, NDArray[np.generic]]:
    """The branches of a table as they are written: NaN in floats, 0 in integers when missing."""
    wanted = (*PRODUCER, *EXTENDED) if table in ("mc", "data") else PRODUCER
    found: dict[str, NDArray[np.generic]] = {EVENT.name: _collision(tracks)}
    for column in wanted:
        values = tracks.column(column.name)
        whole = np.dtype(column.dtype).kind in "iu"
        written = np.nan_to_num(values, nan=0.0).round() if whole else values
        found[column.name] = written.astype(column.dtype)
    return found | (_truth(tracks) if table in ("mcml", "mc") else {})


def truth_branches(tracks: Tracks) -> dict[str, NDArray[np.generic]]:
    """Collision, PDG code and primary flag."""
    return {EVENT.name: _collision(tracks), **_truth(tracks)}


def _collision(tracks: Tracks) -> NDArray[np.int32]:
    return (tracks.event & np.int64(0xFFFFFFFF)).astype(np.uint32).view(np.int32)


def _truth(tracks: Tracks) -> dict[str, NDArray[np.generic]]:
    primary = tracks.primary if tracks.primary is not None else np.zeros(0, np.bool_)
    return {PDG.name: tracks.truth(), PRIMARY.name: primary.astype(np.uint8)}


def _write(
    path: Path,
    trees: Iterable[tuple[str, str, dict[str, NDArray[np.generic]]]],
    record: str,
    compression: Compression,
) -> int:
    packed = uproot.LZMA(9) if compression == "lzma" else uproot.ZSTD(5)
    written = 0
    with replacing(path) as partial, uproot.recreate(partial, compression=packed) as file:
        for frame, tree, columns in trees:
            count = len(next(iter(columns.values())))
            if count:
                # `file[name] = columns` would write an RNTuple, which older ROOT cannot read.
                types = {name: column.dtype for name, column in columns.items()}
                file.mktree(f"{frame}/{tree}", types).extend(columns)
            written += count
        if not written:
            raise ValueError(f"there are no tracks to write to {path}")
        file[PROVENANCE] = record
    return written


def _frames(file: uproot.ReadOnlyDirectory) -> list[str]:
    return [k for k in file.keys(recursive=False, cycle=False) if k.startswith("DF_")]


def _trees(
    file: uproot.ReadOnlyDirectory, path: Path, columns: Sequence[str]
) -> tuple[list[tuple[str, uproot.TTree]], Table]:
    """The trees of all data frames, and which table they are: the first that has the columns.

    Raises:
        ValueError: If there is none, or a frame has another table instead.
    """
    frames = _frames(file)
    if not frames:
        found = ", ".join(file.keys(cycle=False)) or "nothing"
        raise ValueError(f"{path} has no data frame DF_*; found {found}")
    there = {
        frame: [table for table in TABLES if f"O2pidtracks{table}" in file[frame]]
        for frame in frames
    }
    for table in _preferred(file, there, columns):
        for frame, tables in there.items():
            if tables and table not in tables:
                raise ValueError(
                    f"{path}, {frame} has O2pidtracks{tables[0]}, but other frames "
                    f"O2pidtracks{table}; give each kind of table in a file of its own"
                )
        holding = [frame for frame, tables in there.items() if table in tables]
        return [(frame, file[frame][f"O2pidtracks{table}"]) for frame in holding], table
    expected = ", ".join(f"O2pidtracks{table}" for table in TABLES)
    inside = ", ".join(file[frames[0]].keys(cycle=False)) or "nothing"
    raise ValueError(f"{path}, {frames[0]} has none of {expected}; found {inside}")


def _preferred(
    file: uproot.ReadOnlyDirectory, there: dict[str, list[Table]], columns: Sequence[str]
) -> list[Table]:
    """The tables of the file, those with all columns first, else in the order of `TABLES`."""
    known = {table: frame for frame, tables in there.items() for table in tables}
    found = [table for table in TABLES if table in known]
    lacking = {
        table: not set(columns) <= set(file[known[table]][f"O2pidtracks{table}"].keys())
        for table in found
    }
    return sorted(found, key=lambda table: lacking[table])


def _tracks(
    tree: uproot.TTree,
    frame: str,
    columns: Sequence[str],
    known: bool,
    path: Path,
    rows: tuple[int, int],
    origin: dict[str, str],
) -> Tracks:
    # All columns of a detector are read, for one of them may say that it is missing.
    detectors = {COLUMNS[name].detector for name in columns if name in COLUMNS}
    marks = [c.name for c in PRODUCER if c.missing and c.detector in detectors and c.name in tree]
    has_event = EVENT.name in tree
    needed = [*columns, *(EVENT.name for _ in range(has_event)), *marks]
    needed += [column.name for column in TRUTH if known]
    found = branches(tree, list(dict.fromkeys(needed)), path, rows)
    measured = blanked({name: found[name] for name in dict.fromkeys([*columns, *marks])})
    # Old productions do not say which collision a track is from: then each is its own event.
    collision = found[EVENT.name] if has_event else np.arange(*rows)
    values = np.stack([measured[name] for name in columns], axis=1)
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise ValueError(
            f"{path}, {frame}, row {rows[0] + row}: {columns[column]} is infinite; expected a "
            "number, or NaN for not measured"
        )
    return Tracks(
        columns=tuple(columns),
        values=values,
        event=event_number(frame, collision),
        pdg=found[PDG.name].astype(np.int32) if known else None,
        primary=found[PRIMARY.name].astype(np.bool_) if known else None,
        provenance=origin | ({} if has_event else {"event": NO_EVENTS}),
    )
