"""A shower library: showers used again elsewhere on the face.

Inside a large block a shower that is moved by whole pitches, or turned with the lattice of fibres,
is as good as a simulated one. The library's showers are recorded in a block with a margin, so that
light which moves in over the edge of the face is known.

With air in the grooves a shift that changes how far the particle flies in the groove or fibre that
it enters is not used (`moves.same_way`): its shower would begin elsewhere. Such particles are
re-used less often, which changes how many of them there are, not what they light.

What leaves the real block at its side is lost, but can come back inside a larger one. Showers that
hit near the edge of the face are therefore not taken from a block with a margin, moved or not; from
how near is measured (`benchmarks/shower_reuse.py`).

=================  ===========================================================================
re-use             holds for
=================  ===========================================================================
shift              everything; exact but for the slope of the particle, which would differ at
                   its new place by 14 microradians a pitch in the ZN (straight flight). The
                   conditions are those that lead from the same vertex to the new place
eight symmetries   particles that fly straight to a square face around the beam: the ZN
mirror in y        everything; magnets do not bend in y
=================  ===========================================================================

Axis key: N responses, Nx by Ny fibres.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import CALORIMETERS
from zdcsim.io import tree
from zdcsim.io.block import Block
from zdcsim.montecarlo.moves import Moves, drawn_moves, inside, unmoved
from zdcsim.optics import Machine
from zdcsim.response import REUSE, Responses, reused, sparse
from zdcsim.sample.symmetry import SYMMETRIES

ROWS = 2000
EDGE_CM = {"ZN": 1.0, "ZP": 2.0}
"""Showers that hit nearer to the edge of the face are not taken from a block with a margin."""
RECORDED_MARGIN = "recorded_margin"
"""Entry of the provenance: the margin of the library that showers were converted from."""
EDGE_LEFT_OUT = "edge_left_out"
"""Entry of the provenance: how many."""


def blocks(path: Path, reuses: int, seed: int) -> Iterator[Block]:
    """Every shower of a file where it was simulated, then again in other places, block by block.

    Copies of a particle move together. A particle is used less often than asked for where few
    moves keep it on the face, and with air in the grooves its way in the one it enters. With a
    margin, particles that hit near the edge are left out.

    Arguments:
        path: ROOT file of `zdcsim simulate`, with a margin or without; without one there are no
            shifts.
        reuses: How often every particle is used again, at most.
        seed: Of the moves.

    Raises:
        ValueError: If the file holds re-used showers already.
    """
    library = tree.read_library(path)
    if reused(library.particle).any():
        raise ValueError(f"{path} holds re-used showers; use those it was made of")
    machine = machine_of(library)
    kept, edge = _kept(library.conditions, library.provenance)
    described = {
        **library.provenance,
        "margin": 0,
        RECORDED_MARGIN: tree.margin(library),
        "reused_showers": reuses > 0,
        "reuses": reuses,
        "reuse_seed": seed,
        "edge_left_out_cm": edge,
        EDGE_LEFT_OUT: int((~kept).sum()),
    }
    library = replace(library, provenance=described).select(kept)
    stay = unmoved(library.conditions)
    for start in range(0, len(library), ROWS):
        rows = np.arange(start, min(start + ROWS, len(library)))
        part = window(library.select(rows), stay.select(rows), 0)
        yield Block(part, *tree.read_missed(path)) if start == 0 else Block(part)
    _, first, particle = np.unique(library.particle, return_index=True, return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = drawn_moves(library.select(first), machine, reuses, rng, edge)
    for number, moves in enumerate(drawn, 1):
        found = np.flatnonzero(moves.valid[particle])
        for start in range(0, len(found), ROWS):
            rows = found[start : start + ROWS]
            yield Block(window(library.select(rows), moves.select(particle[rows]), number))


def edge_left_out(path: Path) -> int:
    """How many showers of a library `blocks` leaves out; their light is not read.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not complete.
    """
    kept, _ = _kept(tree.read_conditions(path), tree.provenance_of(path))
    return int((~kept).sum())


def _kept(
    conditions: NDArray[np.float32], provenance: Mapping[str, object]
) -> tuple[NDArray[np.bool_], float]:
    """Which showers are taken, shape (N,), and how far from the edge of the face they must hit."""
    face = CALORIMETERS[str(provenance["calorimeter"])]
    edge = EDGE_CM[face.name] if provenance.get("margin") else 0.0
    return inside(conditions, face, _machine(provenance), edge), edge


def machine_of(sample: Responses, unstated_beam_gev: float | None = None) -> Machine | None:
    """The magnets that the primaries of a sample went through; None if they flew straight.

    Arguments:
        sample: Ours state their source, and with it the beam.
        unstated_beam_gev: Momentum of the beam over its charge where the sample states no source.
    """
    return _machine(sample.provenance, unstated_beam_gev)


def _machine(
    provenance: Mapping[str, object], unstated_beam_gev: float | None = None
) -> Machine | None:
    source = provenance.get("source")
    beam = unstated_beam_gev
    if isinstance(source, Mapping):
        beam = source.get("beam_momentum_gev")
    return None if beam is None else Machine(float(beam))


def window(library: Responses, moves: Moves, number: int) -> Responses:
    """What the calorimeter sees of moved showers.

    Arguments:
        library: Showers in the wide block, N.
        moves: One of each.
        number: Of the re-use; 0 for the showers where they are.
    """
    reach, face = tree.margin(library), CALORIMETERS[library.calorimeter.name]
    dense = library.dense().astype(np.int32)
    seen = np.empty((len(library), *face.shape), np.int32)
    for row, (symmetry, shift) in enumerate(zip(moves.symmetry, moves.shift, strict=True)):
        x, y = reach - shift
        seen[row] = turned(dense[row], int(symmetry))[x : x + face.nx, y : y + face.ny]
    offsets, pixels, counts = sparse(seen)
    return replace(
        library,
        calorimeter=face,
        particle=library.particle + number * REUSE,
        conditions=moves.conditions,
        offsets=offsets,
        pixels=pixels,
        counts=counts,
        cpu_seconds=library.cpu_seconds if number == 0 else np.zeros(len(library), np.float32),
    )


def turned(photons: NDArray[np.int32], symmetry: int) -> NDArray[np.int32]:
    """One image, shape (Nx, Ny), after a symmetry."""
    matrix = SYMMETRIES[symmetry]
    exchanged = photons.T if matrix[0, 0] == 0 else photons
    step_x, step_y = matrix.sum(axis=1)
    return exchanged[::step_x, ::step_y]
