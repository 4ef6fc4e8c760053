"""Responses from the text files of Extract.C, the first converter of O2's files.

A folder holds `non_zero_examples.txt`, with one row for the neutron and one for the proton
calorimeter of every particle, `neutron_image.txt` and `proton_image.txt`, with the images one after
the other, a line for each x, and `zero_examples.txt`. The numbers have six digits. The zero
examples contain a primary once for every other primary with light in its event, those with light
among them, so they are read once each and without those that left light.

Axis key: N responses, Nx by Ny fibres, 9 conditions.

Source: swenzel/zdcfastsim, data_preparation/Extract.C.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter
from zdcsim.io.block import Block, check_conditions
from zdcsim.io.numbering import Keys, Numbers, ParticleNumbers, digests
from zdcsim.io.species import mass_and_charge
from zdcsim.response import Responses, sparse

LETTERS = {"ZN": "N", "ZP": "P"}
IMAGES = {"ZN": "neutron_image", "ZP": "proton_image"}
EXAMPLES, ZEROS = "non_zero_examples", "zero_examples"
HEADER = ("Detector", "Pdg", "Energy", "Vx", "Vy", "Vz", "Px", "Py", "Pz", "PhotonSum")
ZeroExamples = Literal["none", "unique"]


@dataclass(frozen=True)
class LegacySettings:
    """What is read of a folder.

    Arguments:
        calorimeter: ZN or ZP.
        suffix: Between each file's name and `.txt`, as `_run3`.
        zeros: Leave the zero examples out, or keep each different one once.
    """

    calorimeter: Calorimeter
    suffix: str = ""
    zeros: ZeroExamples = "unique"


@dataclass(frozen=True)
class Examples:
    """Rows of one calorimeter: PDG codes (N,), conditions (N, 9) and photon sums (N,)."""

    pdg: NDArray[np.int32]
    conditions: NDArray[np.float32]
    photon_sum: NDArray[np.int64]


def blocks(folder: Path, settings: LegacySettings, rows: int = 1000) -> Iterator[Block]:
    """The responses of a folder, some at a time; those without light in the calorimeter too.

    Raises:
        FileNotFoundError: If one of the files is absent.
        ValueError: If a header, row or image is not as Extract.C writes it, an image has another
            sum than its row, a condition is not finite, or a PDG code is unknown.
    """
    letter = LETTERS[settings.calorimeter.name]
    examples, images, zeros = files(folder, settings)
    particles, recorded, start = ParticleNumbers(), Numbers(), 0
    with_zeros = settings.zeros == "unique" and zeros.exists()
    with _text(examples) as lines, _text(images) as pictures:
        rows_of_detector = _rows(lines, examples, letter)
        while chunk := list(islice(rows_of_detector, rows)):
            if with_zeros:
                recorded.of(_keys(chunk))
            place = f"{examples}, {letter} rows from {start}"
            read = _examples(chunk, place)
            counts = _images(pictures, images, settings.calorimeter, len(chunk), start)
            _check_sums(counts, read.photon_sum, images, start)
            yield Block(_responses(counts, read, particles, settings, folder))
            start += len(chunk)
        if pictures.readline().strip():
            raise ValueError(f"{images} has more images than {examples} has particles")
    if with_zeros:
        yield from _zero_blocks(zeros, letter, recorded, settings, rows)


def files(folder: Path, settings: LegacySettings) -> tuple[Path, Path, Path]:
    """Where the examples, their images and the zero examples are; the last may be absent."""
    examples, images, zeros = (
        folder / f"{stem}{settings.suffix}.txt"
        for stem in (EXAMPLES, IMAGES[settings.calorimeter.name], ZEROS)
    )
    return examples, images, zeros


def _text(path: Path) -> IO[str]:
    if not path.exists():
        raise FileNotFoundError(f"no file {path}; the folder must hold what Extract.C writes")
    return path.open(encoding="ascii", errors="replace", newline="")


def _rows(lines: IO[str], path: Path, letter: str) -> Iterator[list[str]]:
    """Rows of one calorimeter, after the header."""
    reader = csv.reader(lines)
    header = tuple(next(reader, ()))
    if header != HEADER:
        raise ValueError(f"{path} must begin with {','.join(HEADER)}; got {','.join(header)!r}")
    for row in reader:
        if len(row) != len(HEADER):
            raise ValueError(
                f"{path}, line {reader.line_num}: {len(row)} columns, expected {len(HEADER)}; "
                "the file may be truncated"
            )
        if row[0] == letter:
            yield row


def _examples(rows: list[list[str]], place: str) -> Examples:
    try:
        numbers = np.array([row[1:] for row in rows], dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    check_conditions(numbers[:, 1:8], place)
    pdg = numbers[:, 0].astype(np.int32)
    conditions = np.concatenate([numbers[:, 1:8], mass_and_charge(pdg, place)], axis=1)
    return Examples(pdg, conditions.astype(np.float32), numbers[:, 8].astype(np.int64))


def _images(
    lines: IO[str], path: Path, calorimeter: Calorimeter, n: int, start: int
) -> NDArray[np.int64]:
    """The next n images, shape (n, Nx, Ny)."""
    text = list(islice(lines, n * calorimeter.nx))
    wrong = next((i for i, line in enumerate(text) if len(line.split()) != calorimeter.ny), None)
    if wrong is not None or len(text) < n * calorimeter.nx:
        line = start * calorimeter.nx + (len(text) if wrong is None else wrong) + 1
        found = "the end of the file" if wrong is None else f"{len(text[wrong].split())} numbers"
        raise ValueError(
            f"{path}, line {line}: {found}; expected {calorimeter.nx} lines of {calorimeter.ny} "
            f"counts for each {calorimeter.name} response"
        )
    try:
        counts = np.loadtxt(text, dtype=np.int64, ndmin=2)
    except ValueError as error:
        raise ValueError(f"{path}, images from {start}: {error}") from None
    return counts.reshape(n, calorimeter.nx, calorimeter.ny)


def _check_sums(
    counts: NDArray[np.int64], photon_sum: NDArray[np.int64], path: Path, start: int
) -> None:
    differs = np.flatnonzero(counts.sum(axis=(1, 2)) != photon_sum)
    if len(differs):
        row = differs[0]
        raise ValueError(
            f"{path}, image {start + row} holds {counts[row].sum()} photo-electrons but its row in "
            f"{EXAMPLES} says {photon_sum[row]}; the files are not of one extraction"
        )


def _responses(
    counts: NDArray[np.int64],
    read: Examples,
    particles: ParticleNumbers,
    settings: LegacySettings,
    folder: Path,
) -> Responses:
    offsets, pixels, values = sparse(counts)
    return Responses(
        calorimeter=settings.calorimeter,
        particle=particles.of(read.pdg, read.conditions),
        pdg=read.pdg,
        conditions=read.conditions,
        offsets=offsets,
        pixels=pixels,
        counts=values,
        cpu_seconds=np.full(len(read.pdg), np.nan, np.float32),
        provenance=_provenance(folder, settings),
    )


def _provenance(folder: Path, settings: LegacySettings) -> dict[str, object]:
    source = f"text files of Extract.C in {folder.resolve().name}"
    return {"data_kind": "O2 full simulation", "source": source, "missed": settings.zeros}


def _keys(rows: list[list[str]]) -> Keys:
    """Keys of the particles of rows, by the text of code and conditions, shape (N,)."""
    return digests(",".join(row[1:9]).encode() for row in rows)


def _zero_blocks(
    path: Path, letter: str, recorded: Numbers, settings: LegacySettings, rows: int
) -> Iterator[Block]:
    """The different zero examples that are not among the recorded particles, as conditions."""
    none = Responses(
        settings.calorimeter, *(np.empty(0, np.int64), np.empty(0, np.int32)),
        np.empty((0, 9), np.float32), np.zeros(1, np.int64), np.empty(0, np.uint16),
        np.empty(0, np.int32), np.empty(0, np.float32), _provenance(path.parent, settings),
    )  # fmt: skip
    with _text(path) as lines:
        rows_of_detector = _rows(lines, path, letter)
        while chunk := list(islice(rows_of_detector, rows)):
            before = len(recorded)
            number, first = np.unique(recorded.of(_keys(chunk)), return_index=True)
            new = first[number >= before].tolist()
            if new:
                read = _examples([chunk[row] for row in new], str(path))
                yield Block(none, read.pdg, read.conditions)
