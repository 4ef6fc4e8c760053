"""Responses in ROOT: a flat TTree with one entry a response.

The tree `responses` has the particle, its nine conditions, O2's detector number, the photon sum,
the sparse image (`pixel`, `count`, flat index ix * Ny + iy) and the CPU seconds. The tree `missed`
has the conditions of primaries that do not reach the calorimeter. The provenance is a JSON text,
stored as a TObjString.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import awkward as ak
import numpy as np
import uproot
from numpy.typing import NDArray

from detcore.files import replacing
from zdcsim.conditions import NAMES, PZ
from zdcsim.geometry import CALORIMETERS, Calorimeter
from zdcsim.io.block import Block, check_primaries, read_provenance
from zdcsim.io.rootfile import names, opened
from zdcsim.io.tree_checks import check_image, check_rows
from zdcsim.io.units import check_units
from zdcsim.response import Responses, joined, reused

TREE: Final = "responses"
MISSED: Final = "missed"
PROVENANCE: Final = "provenance"
SCHEMA: Final = 1
DETECTOR_NUMBERS: Final = {("ZN", "A"): 1, ("ZP", "A"): 2, ("ZN", "C"): 4, ("ZP", "C"): 5}
"""O2's detector numbers, by calorimeter and side."""
SCALARS: Final = ("particle", "pdg", *NAMES, "detector", "photon_sum", "cpu_seconds")
EVENT: Final = "event"
STEP: Final = 20_000
"""Responses that are read together."""
IMAGE: Final = "fibres"
ARCHIVE: Final = uproot.LZMA(9)
"""Smallest files, written slowly: for showers, which took hours."""
FAST: Final = uproot.ZLIB(1)
Scalar = TypeVar("Scalar", bound=np.generic)
BRANCHES: Final = (*SCALARS, f"{IMAGE}_pixel", f"{IMAGE}_count")


def write(
    path: Path,
    responses: Responses,
    missed: tuple[NDArray[np.int32], NDArray[np.float32]] | None = None,
    event: NDArray[np.int64] | None = None,
    compression: uproot.compression.Compression = FAST,
) -> None:
    """Write responses to a new ROOT file, complete or not at all.

    Arguments:
        path: The file; replaced when it exists.
        responses: What to write.
        missed: PDG codes (M,) and conditions (M, 9) of primaries that do not reach the calorimeter.
        event: Number of the collision that each response belongs to, shape (N,); the branch is
            left out without it.
        compression: `ARCHIVE` or `FAST`; ROOT reads both.

    Raises:
        ValueError: If a mass or charge is not that of its PDG code; nothing is written then.
    """
    with replacing(path) as partial, uproot.recreate(partial, compression=compression) as file:
        # In steps: uproot refuses more than 2 GiB in one, and readers stream what is in several.
        for start in range(0, max(len(responses), 1), STEP):
            rows = np.arange(start, min(start + STEP, len(responses)))
            more = {} if event is None else {EVENT: event[rows].astype(np.int64)}
            write_into(file, responses.select(rows), more)
        if missed is not None:
            extend_missed(file, *missed)


def write_into(
    file: uproot.WritableDirectory,
    responses: Responses,
    more: Mapping[str, NDArray[np.generic]] = MappingProxyType({}),
) -> None:
    """Add responses to the tree of an open file; the first bring the tree and the provenance.

    Arguments:
        file: Open for writing.
        responses: What to write.
        more: Further branches, by name, shape (N,) each.
    """
    added = {**columns(responses), **more}
    if TREE in file:
        file[TREE].extend(added)
        return
    provenance = {
        **responses.provenance,
        "schema": SCHEMA,
        "calorimeter": responses.calorimeter.name,
        "shape": list(responses.calorimeter.shape),
        "pixel_index": "ix * Ny + iy",
        "charge_unit": "e/3",
    }
    _new_tree(file, TREE, added)
    file[PROVENANCE] = json.dumps(provenance, indent=1, sort_keys=True)


def extend_missed(
    file: uproot.WritableDirectory, pdg: NDArray[np.int32], conditions: NDArray[np.float32]
) -> None:
    """Add primaries without light, codes (M,) and conditions (M, 9), to an open file.

    Raises:
        ValueError: If a mass or charge is not that of its PDG code.
    """
    check_units(pdg, conditions, f"{MISSED} primaries to be written")
    columns = {"pdg": pdg, **_condition_columns(conditions)}
    if MISSED in file:
        file[MISSED].extend(columns)
    else:
        _new_tree(file, MISSED, columns)


def read(path: Path) -> Responses:
    """Read the responses of one of our ROOT files.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: As `read_library`, or if the file is a shower library.
    """
    return _without_margin(read_library(path), path)


def provenance_of(path: Path) -> dict[str, object]:
    """What one of our ROOT files says of how it was made; its responses are not read.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not complete ROOT, or has no provenance.
    """
    with opened(path) as file:
        return _provenance(file, path)


def is_library(path: Path) -> bool:
    """Whether a ROOT file of ours was recorded with a margin."""
    return bool(provenance_of(path).get("margin", 0))


def margin(responses: Responses) -> int:
    """Fibres on each side by which the block was wider than the calorimeter."""
    return (responses.calorimeter.nx - CALORIMETERS[responses.calorimeter.name].nx) // 2


def read_library(path: Path) -> Responses:
    """Read responses that may have been recorded in a wider block.

    Returns:
        Their calorimeter is the block, `Calorimeter.widened` by the margin.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not complete ROOT, a tree or branch is missing, a pixel lies
            outside the calorimeter, a count is not positive, a condition is not finite, or a mass
            or charge is not that of its PDG code.
    """
    with opened(path) as file:
        provenance = _provenance(file, path)
        tree = _tree(file, TREE, BRANCHES, path)
        parts = [responses for responses, _ in _steps(tree, BRANCHES, provenance, path, STEP)]
        return joined(parts or [_responses(tree.arrays(list(BRANCHES)), provenance, path)])


def blocks(path: Path, rows: int = STEP) -> Iterator[Block]:
    """The responses of one of our ROOT files block by block, then its missed primaries.

    Arguments:
        path: The file.
        rows: Responses, or missed primaries, in memory together, or what lies in one basket of the
            file, if that is more.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: As `read`.
    """
    with opened(path) as file:
        provenance = _provenance(file, path)
        tree = _tree(file, TREE, BRANCHES, path)
        wanted = [*BRANCHES, *([EVENT] if EVENT in tree else [])]
        for responses, arrays in _steps(tree, wanted, provenance, path, rows):
            _without_margin(responses, path)
            event = _flat(arrays[EVENT], np.int64) if EVENT in wanted else None
            yield Block(responses, event=event)
        none = _responses(tree.arrays(list(BRANCHES), entry_stop=0), provenance, path)
        for missed in _missed_steps(file, path, rows):
            yield Block(none, *missed)


def _steps(
    tree: uproot.TTree,
    wanted: Sequence[str],
    provenance: dict[str, object],
    path: Path,
    rows: int,
) -> Iterator[tuple[Responses, ak.Array]]:
    """Some responses after the other, sparse, and the branches they were made of, far larger."""
    first = 0
    for arrays in tree.iterate(list(wanted), step_size=rows):
        responses = _responses(arrays, provenance, path, first)
        yield responses, arrays
        first += len(responses)


def _without_margin(responses: Responses, path: Path) -> Responses:
    if margin(responses):
        raise ValueError(
            f"{path} is a shower library, recorded with a margin of {margin(responses)} fibres; "
            "make responses of it with `zdcsim convert --reuses`"
        )
    return responses


def _responses(
    arrays: ak.Array, provenance: dict[str, object], path: Path, first: int = 0
) -> Responses:
    """Some entries of the tree, the first of this number."""
    calorimeter = _calorimeter(provenance, path)
    pixel, count = arrays[f"{IMAGE}_pixel"], arrays[f"{IMAGE}_count"]
    lengths = ak.to_numpy(ak.num(pixel)).astype(np.int64)
    pixels, counts = _flat(ak.flatten(pixel), np.int64), _flat(ak.flatten(count), np.int64)
    check_image(pixels, counts, lengths, calorimeter, path, first)
    responses = Responses(
        calorimeter=calorimeter,
        particle=_flat(arrays["particle"], np.int64),
        pdg=_flat(arrays["pdg"], np.int32),
        conditions=np.stack([_flat(arrays[name], np.float32) for name in NAMES], axis=1),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        pixels=pixels.astype(np.uint16),
        counts=counts.astype(np.int32),
        cpu_seconds=_flat(arrays["cpu_seconds"], np.float32),
        provenance=provenance,
    )
    check_rows(responses, _flat(arrays["photon_sum"], np.int64), path, first)
    return responses


def read_missed(path: Path) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """PDG codes (M,) and conditions (M, 9) of the primaries that miss; empty if none are kept.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not complete ROOT, the tree lacks a branch, a code is unknown, or
            a condition is not finite.
    """
    none = np.empty(0, np.int32), np.empty((0, len(NAMES)), np.float32)
    with opened(path) as file:
        pdg, conditions = zip(none, *_missed_steps(file, path, STEP), strict=True)
    return np.concatenate(pdg), np.concatenate(conditions)


def _missed_steps(
    file: uproot.ReadOnlyDirectory, path: Path, rows: int
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32]]]:
    """Some missed primaries after the other, as `read_missed` gives them."""
    if MISSED not in file:
        return
    wanted, first = ["pdg", *NAMES], 0
    tree = _tree(file, MISSED, wanted, path)
    for arrays in tree.iterate(wanted, step_size=rows, library="np"):
        pdg = arrays["pdg"].astype(np.int32)
        conditions = np.stack([arrays[name] for name in NAMES], axis=1).astype(np.float32)
        check_primaries(pdg, conditions, f"{path}, tree {MISSED!r}", first)
        yield pdg, conditions
        first += len(pdg)


def read_conditions(path: Path) -> NDArray[np.float32]:
    """The conditions of the responses alone, shape (N, 9), as the file has them.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not complete ROOT, the tree or a branch is missing, or the
            calorimeter is not known.
    """
    with opened(path) as file:
        _calorimeter(_provenance(file, path), path)
        arrays = _tree(file, TREE, NAMES, path).arrays(list(NAMES), library="np")
    return np.stack([arrays[name] for name in NAMES], axis=1).astype(np.float32)


def read_event(path: Path) -> NDArray[np.int64]:
    """Number of the collision that each response belongs to, shape (N,).

    Raises:
        ValueError: If the file does not say.
    """
    with opened(path) as file:
        if TREE not in file or EVENT not in file[TREE]:
            raise ValueError(f"{path} does not say which event its responses belong to")
        found: NDArray[np.int64] = file[TREE][EVENT].array(library="np").astype(np.int64)
    return found


def columns(responses: Responses) -> dict[str, Any]:
    """Branches of the tree, as it is extended with them.

    Raises:
        ValueError: If a mass or charge is not that of its PDG code, in MeV and e/3.
    """
    check_units(responses.pdg, responses.conditions, "responses to be written")
    side = np.where(responses.conditions[:, PZ] > 0, "A", "C")
    numbers = {s: DETECTOR_NUMBERS[responses.calorimeter.name, s] for s in ("A", "C")}
    lengths = np.diff(responses.offsets)
    image = {
        "pixel": ak.unflatten(responses.pixels.astype(np.int32), lengths),
        "count": ak.unflatten(responses.counts, lengths),
    }
    return {
        "particle": responses.particle.astype(np.int64),
        "pdg": responses.pdg.astype(np.int32),
        **_condition_columns(responses.conditions),
        "detector": np.where(side == "A", numbers["A"], numbers["C"]).astype(np.int32),
        "photon_sum": responses.photon_sum().astype(np.int64),
        "reused": reused(responses.particle),
        "cpu_seconds": responses.cpu_seconds.astype(np.float32),
        IMAGE: ak.zip(image),
    }


def _new_tree(file: uproot.WritableDirectory, name: str, columns: dict[str, Any]) -> None:
    # `file[name] = columns` would write an RNTuple, which ROOT before 6.36 cannot read.
    types = {key: ak.type(column).content for key, column in columns.items()}
    file.mktree(name, types).extend(columns)


def _condition_columns(conditions: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    return {name: conditions[:, i].astype(np.float32) for i, name in enumerate(NAMES)}


def _provenance(file: uproot.ReadOnlyDirectory, path: Path) -> dict[str, object]:
    if PROVENANCE not in file:
        raise ValueError(
            f"{path} has no object {PROVENANCE!r}; found {names(file)}; made by neither "
            "`zdcsim simulate` nor `zdcsim generate`"
        )
    return read_provenance(str(file[PROVENANCE]), str(path))


def _tree(
    file: uproot.ReadOnlyDirectory, name: str, branches: Sequence[str], path: Path
) -> uproot.TTree:
    if name not in file:
        raise ValueError(f"{path} has no tree {name!r}; found {names(file)}")
    tree = file[name]
    absent = [branch for branch in branches if branch not in tree]
    if absent:
        raise ValueError(
            f"tree {name!r} of {path} lacks the branch {', '.join(absent)}; found "
            f"{', '.join(tree.keys())}"
        )
    return tree


def _calorimeter(provenance: dict[str, object], path: Path) -> Calorimeter:
    name, shape = provenance.get("calorimeter"), provenance.get("shape")
    found = CALORIMETERS.get(str(name))
    if found is None:
        raise ValueError(
            f"{path} is of calorimeter {name!r}; expected one of {', '.join(CALORIMETERS)}"
        )
    block = found.widened(int(str(provenance.get("margin", 0))))
    if shape != list(block.shape):
        raise ValueError(f"{path} has responses of {shape} fibres; the {name} has {block.shape}")
    return block


def _flat(array: ak.Array, kind: type[Scalar]) -> NDArray[Scalar]:
    flat: NDArray[Scalar] = ak.to_numpy(array).astype(kind)
    return flat
