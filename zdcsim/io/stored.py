"""Responses that stay in the training store until their fibres are asked for.

Axis key: N responses, Nx by Ny fibres.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter
from zdcsim.response import Responses

PER_RESPONSE = ("particle", "pdg", "conditions", "cpu_seconds", "sums", "starts", "lengths")


@dataclass(frozen=True)
class StoredResponses:
    """Rows of an open store; the pixels stay in the file until they are asked for.

    It has what batches, split and diversity ask of `Responses`.

    Arguments:
        file: The open store.
        calorimeter: The detector that was hit; fixes Nx and Ny.
        particle: As in `Responses`, shape (N,).
        pdg: PDG codes, shape (N,).
        conditions: Shape (N, 9).
        cpu_seconds: Shape (N,).
        sums: Photo-electrons of each response, shape (N,).
        starts: Where the pixels of each response start in the file, shape (N,).
        lengths: How many it has, shape (N,).
        provenance: What made them.
    """

    file: Any
    calorimeter: Calorimeter
    particle: NDArray[np.int64]
    pdg: NDArray[np.int32]
    conditions: NDArray[np.float32]
    cpu_seconds: NDArray[np.float32]
    sums: NDArray[np.int64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    provenance: Mapping[str, object]

    def __len__(self) -> int:
        return len(self.particle)

    def photon_sum(self) -> NDArray[np.int64]:
        """Photo-electrons of the whole calorimeter, shape (N,)."""
        return self.sums

    def dense(self, rows: slice | NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Photo-electron counts of every fibre, shape (N, Nx, Ny); of some rows when given."""
        chosen = np.arange(len(self))[slice(None) if rows is None else rows]
        offsets, pixels, counts = self._entries(chosen)
        images = np.zeros((len(chosen), self.calorimeter.nx * self.calorimeter.ny), np.float32)
        images[np.repeat(np.arange(len(chosen)), np.diff(offsets)), pixels] = counts
        return images.reshape(len(chosen), *self.calorimeter.shape)

    def select(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "StoredResponses":
        """The responses of those rows, in that order; reads nothing."""
        return replace(self, **{name: getattr(self, name)[rows] for name in PER_RESPONSE})

    def in_memory(self) -> Responses:
        """The same responses with their pixels in memory, sparse."""
        offsets, pixels, counts = self._entries(np.arange(len(self)))
        responses = Responses(
            calorimeter=self.calorimeter,
            particle=self.particle,
            pdg=self.pdg,
            conditions=self.conditions,
            offsets=offsets,
            pixels=pixels,
            counts=counts,
            cpu_seconds=self.cpu_seconds,
            provenance=self.provenance,
        )
        found = responses.photon_sum()
        differs = np.flatnonzero(found != self.sums)
        if len(differs):
            row = differs[0]
            raise ValueError(
                f"{self.file.filename}, a response of particle {self.particle[row]}: photon_sum is "
                f"{self.sums[row]} but its fibres hold {found[row]}; convert it again"
            )
        return responses

    def _entries(
        self, chosen: NDArray[np.integer]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.int32]]:
        """Offsets, pixels and counts of the chosen responses, as in `Responses`."""
        starts, lengths = self.starts[chosen], self.lengths[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        pixels = np.empty(offsets[-1], np.uint16)
        counts = np.empty(offsets[-1], np.int32)
        for first, last in _runs(starts, lengths):
            source = slice(starts[first], starts[last] + lengths[last])
            target = slice(offsets[first], offsets[last + 1])
            self.file["pixels"].read_direct(pixels, source, target)
            self.file["counts"].read_direct(counts, source, target)
        fibres = self.calorimeter.nx * self.calorimeter.ny
        wrong = np.flatnonzero((pixels >= fibres) | (counts <= 0))
        if len(wrong):
            entry = wrong[0]
            row = np.searchsorted(offsets, entry, side="right") - 1
            raise ValueError(
                f"{self.file.filename}, entry {starts[row] + entry - offsets[row]} of pixels: "
                f"{counts[entry]} photo-electrons in fibre {pixels[entry]}; expected a positive "
                f"count in one of the {self.calorimeter.name}'s {fibres} fibres: convert it again"
            )
        return offsets, pixels, counts


def _runs(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """First and last of the rows that lie end to end in the file, those without pixels skipped."""
    lit = np.flatnonzero(lengths)
    if not len(lit):
        return
    ends = starts[lit] + lengths[lit]
    breaks = np.flatnonzero(starts[lit][1:] != ends[:-1])
    for first, last in zip([0, *(breaks + 1)], [*breaks, len(lit) - 1], strict=True):
        yield int(lit[first]), int(lit[last])
