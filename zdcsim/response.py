"""Calorimeter responses: photo-electrons per fibre, and the particles that made them.

Axis key: N responses, Nx by Ny fibres, S non-zero pixels of all responses together.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import NAMES
from zdcsim.geometry import Calorimeter

REUSE = 1 << 40
"""Re-use number k of a shower adds k * REUSE to the identifier of its particle; 0 is the shower
itself, where it was simulated."""


MOST_FIBRES = 1 << 16
"""Of a block; their numbers are kept in two bytes."""


def reused(particle: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether responses are re-used showers, by their particles' identifiers, shape (N,)."""
    found: NDArray[np.bool_] = particle >= REUSE
    return found


def origin(particle: NDArray[np.int64]) -> NDArray[np.int64]:
    """Identifier of the simulated particle behind each response, shape (N,)."""
    return particle % REUSE


class Sample(Protocol):
    """Responses wherever their fibres are kept, in memory or in a file; see `Responses`."""

    @property
    def calorimeter(self) -> Calorimeter:
        """The detector that was hit."""

    @property
    def particle(self) -> NDArray[np.int64]:
        """Identifier of the primary, shape (N,)."""

    @property
    def conditions(self) -> NDArray[np.float32]:
        """The nine conditions in O2's order and units, shape (N, 9)."""

    @property
    def provenance(self) -> Mapping[str, object]:
        """What made them."""

    def __len__(self) -> int: ...

    def dense(self, rows: slice | NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Photo-electron counts of every fibre, shape (N, Nx, Ny); of some rows when given."""

    def photon_sum(self) -> NDArray[np.int64]:
        """Photo-electrons of the whole calorimeter, shape (N,)."""

    def select(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """The responses of those rows, in that order."""


@dataclass(frozen=True)
class Responses:
    """Responses with their particles, stored sparsely.

    Arguments:
        calorimeter: The detector that was hit; fixes Nx and Ny.
        particle: Identifier of the primary; copies of one particle share it, shape (N,).
        pdg: PDG code, shape (N,).
        conditions: The nine conditions in O2's order and units, shape (N, 9).
        offsets: Response i owns pixels offsets[i]:offsets[i + 1], shape (N + 1,).
        pixels: Flat fibre index ix * Ny + iy, ascending within a response, shape (S,).
        counts: Photo-electrons of those fibres, positive, shape (S,).
        cpu_seconds: CPU time that producing the response took, shape (N,).
        provenance: What made them: physics, seeds, commit, kind of physics tables.

    Raises:
        ValueError: If the arrays do not fit together.
    """

    calorimeter: Calorimeter
    particle: NDArray[np.int64]
    pdg: NDArray[np.int32]
    conditions: NDArray[np.float32]
    offsets: NDArray[np.int64]
    pixels: NDArray[np.uint16]
    counts: NDArray[np.int32]
    cpu_seconds: NDArray[np.float32]
    provenance: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.particle)
        if self.conditions.shape != (n, len(NAMES)):
            raise ValueError(
                f"conditions of {n} responses must have shape {(n, len(NAMES))}; "
                f"got {self.conditions.shape}"
            )
        if not len(self.pdg) == len(self.cpu_seconds) == len(self.offsets) - 1 == n:
            raise ValueError("particle, pdg, cpu_seconds and offsets differ in length")
        if not len(self.pixels) == len(self.counts) == int(self.offsets[-1]):
            raise ValueError("pixels and counts must end where the last offset says")

    def __len__(self) -> int:
        return len(self.particle)

    def dense(self, rows: slice | NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Photo-electron counts of every fibre, shape (N, Nx, Ny); of some rows when given."""
        chosen = np.arange(len(self))[slice(None) if rows is None else rows]
        images = np.zeros((len(chosen), self.calorimeter.nx * self.calorimeter.ny), np.float32)
        row, entry = entries(self.offsets, chosen)
        images[row, self.pixels[entry]] = self.counts[entry]
        return images.reshape(len(chosen), *self.calorimeter.shape)

    def photon_sum(self) -> NDArray[np.int64]:
        """Photo-electrons of the whole calorimeter, shape (N,)."""
        total = np.concatenate([[0], np.cumsum(self.counts, dtype=np.int64)])
        sums: NDArray[np.int64] = total[self.offsets[1:]] - total[self.offsets[:-1]]
        return sums

    def select(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Responses":
        """The responses of those rows, in that order."""
        chosen = np.arange(len(self))[rows]
        _, entry = entries(self.offsets, chosen)
        lengths = self.offsets[chosen + 1] - self.offsets[chosen]
        return replace(
            self,
            particle=self.particle[chosen],
            pdg=self.pdg[chosen],
            conditions=self.conditions[chosen],
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            pixels=self.pixels[entry],
            counts=self.counts[entry],
            cpu_seconds=self.cpu_seconds[chosen],
        )

    def with_counts(
        self, images: NDArray[np.floating] | NDArray[np.integer], rows: slice
    ) -> "Responses":
        """Other counts, shape (n, Nx, Ny), for the particles of those n rows; see `sparse`."""
        offsets, pixels, counts = sparse(images)
        return replace(
            self,
            particle=self.particle[rows],
            pdg=self.pdg[rows],
            conditions=self.conditions[rows],
            offsets=offsets,
            pixels=pixels,
            counts=counts,
            cpu_seconds=self.cpu_seconds[rows],
        )


def entries(
    offsets: NDArray[np.int64], chosen: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every sparse entry of the chosen responses: its row among them and its place.

    Arguments:
        offsets: As in `Responses`, shape (N + 1,).
        chosen: Numbers of responses.
    """
    lengths = offsets[chosen + 1] - offsets[chosen]
    ends = np.cumsum(lengths)
    row = np.repeat(np.arange(len(chosen)), lengths)
    entry = np.arange(len(row))
    entry += np.repeat(offsets[chosen] - ends + lengths, lengths)
    return row, entry


def joined(parts: list[Responses]) -> Responses:
    """The responses of all parts in order, with the provenance of the first.

    Raises:
        ValueError: If there are none, or they are of several calorimeters.
    """
    if not parts:
        raise ValueError("there are no responses to join")
    faces = {part.calorimeter for part in parts}
    if len(faces) > 1:
        said = " and ".join(sorted(f"{face.name}, {face.nx} x {face.ny}" for face in faces))
        raise ValueError(f"responses of {said} cannot be joined")
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    return Responses(
        calorimeter=parts[0].calorimeter,
        particle=np.concatenate([part.particle for part in parts]),
        pdg=np.concatenate([part.pdg for part in parts]),
        conditions=np.concatenate([part.conditions for part in parts]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        pixels=np.concatenate([part.pixels for part in parts]),
        counts=np.concatenate([part.counts for part in parts]),
        cpu_seconds=np.concatenate([part.cpu_seconds for part in parts]),
        provenance=parts[0].provenance,
    )


def lit(
    images: NDArray[np.number],
) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.number]]:
    """Offsets, pixels and values of what is not 0 in dense images, shape (N, Nx, Ny).

    Raises:
        ValueError: If there are more fibres than `MOST_FIBRES`.
    """
    flat = images.reshape(len(images), math.prod(images.shape[1:]))
    if flat.shape[1] > MOST_FIBRES:
        raise ValueError(f"images of {flat.shape[1]} fibres; at most {MOST_FIBRES} can be numbered")
    row, pixel = np.nonzero(flat)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(flat)))])
    return offsets.astype(np.int64), pixel.astype(np.uint16), flat[row, pixel]


def sparse(
    images: NDArray[np.floating] | NDArray[np.integer],
    calorimeter: Calorimeter | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.int32]]:
    """Offsets, pixels and counts of dense integer-valued images, shape (N, Nx, Ny).

    Arguments:
        images: Counts of every fibre, x before y.
        calorimeter: Whose images they are, if their shape shall be compared.

    Raises:
        ValueError: If images have another shape, a count is negative, not finite or not a whole
            number, or there are more than `MOST_FIBRES`.
    """
    face = None if calorimeter is None else calorimeter.shape
    if images.ndim != 3 or face not in (None, images.shape[1:]):
        wanted = "(responses, Nx, Ny)" if face is None else f"(responses, {face[0]}, {face[1]})"
        raise ValueError(
            f"images have shape {images.shape}; expected {wanted}, [x][y]: transpose them if they "
            "are [y][x]"
        )
    offsets, pixels, counts = lit(images)
    whole = np.issubdtype(counts.dtype, np.integer) or bool((counts == np.rint(counts)).all())
    if not (whole and np.isfinite(counts.sum()) and counts.min(initial=0) >= 0):
        raise ValueError("photo-electron counts must be finite, whole and not negative")
    return offsets, pixels, counts.astype(np.int32)
