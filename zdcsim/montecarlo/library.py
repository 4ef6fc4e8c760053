"""A shower library: showers used again elsewhere on the face.

Inside a large block a shower that is moved by whole pitches, or turned with the lattice of fibres,
is as good as a simulated one. The library's showers are recorded in a block with a margin, so that
light which moves in over the edge of the face is known.

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

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, PX, PY, PZ
from zdcsim.geometry import CALORIMETERS, Calorimeter
from zdcsim.io import tree
from zdcsim.io.block import Block
from zdcsim.montecarlo.arrival import arrival
from zdcsim.montecarlo.optics import Machine, total_momentum
from zdcsim.response import REUSE, Responses, reused, sparse
from zdcsim.sample.symmetry import IDENTITY, SYMMETRIES, transformed_conditions

MIRROR_Y = int(np.flatnonzero((SYMMETRIES == [[1, 0], [0, -1]]).all(axis=(1, 2)))[0])
TRIES = 4
"""Moves drawn for each that is wanted; those that leave the face or repeat one are not used."""
SLOPE = 1e-6
ROWS = 2000


@dataclass(frozen=True)
class Moves:
    """What is done to showers: first the symmetry, then the shift.

    Arguments:
        symmetry: Index into `SYMMETRIES`, shape (N,).
        shift: Whole pitches along x and y, shape (N, 2).
        conditions: Of the particle that the moved shower stands for, shape (N, 9).
        valid: Whether that particle arrives on the face, shape (N,).
    """

    symmetry: NDArray[np.int64]
    shift: NDArray[np.int64]
    conditions: NDArray[np.float32]
    valid: NDArray[np.bool_]

    def select(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Moves":
        """The moves of those rows."""
        return Moves(self.symmetry[rows], self.shift[rows], self.conditions[rows], self.valid[rows])


def blocks(path: Path, reuses: int, seed: int) -> Iterator[Block]:
    """Every shower of a file where it was simulated, then again in other places, block by block.

    Copies of a particle move together. A particle is used less often than asked for where few
    moves keep it on the face.

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
    described = {
        **library.provenance,
        "margin": 0,
        "recorded_margin": tree.margin(library),
        "reused_showers": reuses > 0,
        "reuses": reuses,
        "reuse_seed": seed,
    }
    library = replace(library, provenance=described)
    stay = unmoved(library.conditions)
    for start in range(0, len(library), ROWS):
        rows = np.arange(start, min(start + ROWS, len(library)))
        part = window(library.select(rows), stay.select(rows), 0)
        yield Block(part, *tree.read_missed(path)) if start == 0 else Block(part)
    _, first, particle = np.unique(library.particle, return_index=True, return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = drawn_moves(library.select(first), machine_of(library), reuses, rng)
    for number, moves in enumerate(drawn, 1):
        found = np.flatnonzero(moves.valid[particle])
        for start in range(0, len(found), ROWS):
            rows = found[start : start + ROWS]
            yield Block(window(library.select(rows), moves.select(particle[rows]), number))


def machine_of(library: Responses) -> Machine | None:
    """The magnets that the library's primaries went through."""
    source = library.provenance.get("source")
    beam = source.get("beam_momentum_gev") if isinstance(source, dict) else None
    return None if beam is None else Machine(float(beam))


def unmoved(conditions: NDArray[np.float32]) -> Moves:
    """No move, of conditions (N, 9)."""
    n = len(conditions)
    return Moves(np.full(n, IDENTITY), np.zeros((n, 2), np.int64), conditions, np.ones(n, np.bool_))


def drawn_moves(
    particles: Responses, machine: Machine | None, reuses: int, rng: np.random.Generator
) -> list[Moves]:
    """For every re-use a move of each particle; no two of a particle are alike.

    Arguments:
        particles: One response of each, in the block of the library.
        machine: The magnets on their way.
        reuses: How many.
        rng: Draws them.
    """
    n, reach = len(particles), tree.margin(particles)
    face = CALORIMETERS[particles.calorimeter.name]
    allowed = all_symmetries(particles.conditions, face, machine)
    tries = TRIES * reuses
    drawn = np.where(
        allowed[:, None],
        rng.integers(len(SYMMETRIES), size=(n, tries)),
        np.where(rng.integers(2, size=(n, tries)) == 0, IDENTITY, MIRROR_Y),
    )
    shift = rng.integers(-reach, reach + 1, size=(n, tries, 2))
    conditions = np.repeat(particles.conditions, tries, axis=0)
    moves = moved(conditions, drawn.ravel(), shift.reshape(-1, 2), face, machine)
    return _first_different(moves, n, tries, reuses)


def _first_different(moves: Moves, n: int, tries: int, reuses: int) -> list[Moves]:
    """The first valid moves of each of n particles that are neither none nor one before."""
    chosen = np.zeros((reuses, n), np.int64)
    valid = np.zeros((reuses, n), np.bool_)
    keys = np.concatenate([moves.symmetry[:, None], moves.shift], axis=1)
    for particle in range(n):
        seen, number = {(IDENTITY, 0, 0)}, 0
        for row in range(particle * tries, (particle + 1) * tries):
            key = tuple(keys[row].tolist())
            if number == reuses:
                break
            if moves.valid[row] and key not in seen:
                seen.add(key)
                chosen[number, particle], valid[number, particle] = row, True
                number += 1
    picked = [moves.select(rows) for rows in chosen]
    return [replace(one, valid=found) for one, found in zip(picked, valid, strict=True)]


def all_symmetries(
    conditions: NDArray[np.float32], face: Calorimeter, machine: Machine | None
) -> NDArray[np.bool_]:
    """Whether all eight symmetries hold for particles, shape (N,); else the mirror in y alone."""
    square = face.centre_x == 0 and face.nx == face.ny
    straight = np.full(len(conditions), True) if machine is None else conditions[:, CHARGE] == 0
    return np.asarray(square & straight)


def moved(
    conditions: NDArray[np.float32],
    symmetry: NDArray[np.int64],
    shift: NDArray[np.int64],
    face: Calorimeter,
    machine: Machine | None,
) -> Moves:
    """Moves with the conditions of the particles that the moved showers stand for.

    Vertex and energy stay, but for the symmetry; the direction leads to the new place. A move is
    not valid where that is off the face or the magnets' apertures are in the way.

    Arguments:
        conditions: Before the move, shape (N, 9).
        symmetry: Shape (N,).
        shift: Shape (N, 2).
        face: The calorimeter without margin.
        machine: The magnets on the way.
    """
    turned = transformed_conditions(conditions, symmetry).astype(np.float64)
    here = arrival(turned, face, machine)[:, [0, 2]]
    wanted = here + face.pitch * shift
    slopes = turned[:, [PX, PY]] / turned[:, PZ:][:, :1]
    # The way is linear in the slopes at a fixed momentum, and x and y do not mix.
    beside = arrival(_with_slopes(turned, slopes + SLOPE), face, machine)[:, [0, 2]]
    there = _with_slopes(turned, slopes + SLOPE * (wanted - here) / (beside - here))
    free = np.ones(len(there), bool) if machine is None else machine.carried(there, face)[1]
    valid = free & face.contains(*wanted.T)
    return Moves(symmetry, shift, there.astype(np.float32), valid)


def _with_slopes(c: NDArray[np.float64], slopes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same momenta in other directions."""
    turned = c.copy()
    turned[:, PZ] = np.sign(c[:, PZ]) * total_momentum(c) / np.sqrt(1 + (slopes**2).sum(axis=1))
    turned[:, [PX, PY]] = slopes * turned[:, [PZ]]
    return turned


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
