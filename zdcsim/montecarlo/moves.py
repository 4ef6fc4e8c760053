"""Moves of a shower: a symmetry of the lattice of fibres, then a shift by whole pitches.

Axis key: N showers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE
from zdcsim.geometry import CALORIMETERS, Calorimeter
from zdcsim.io import tree
from zdcsim.montecarlo.arrival import aimed, arrival
from zdcsim.montecarlo.impacts import fibre_share, groove_share
from zdcsim.optics import Machine
from zdcsim.response import Responses
from zdcsim.sample.symmetry import IDENTITY, SYMMETRIES, transformed_conditions
from zdcsim.shower_physics import physics_of

MIRROR_Y = int(np.flatnonzero((SYMMETRIES == [[1, 0], [0, -1]]).all(axis=(1, 2)))[0])
TRIES = 4
"""Moves drawn for each that is wanted; those that leave the face or repeat one are not used."""
ROWS = 1_000_000
"""Moves that are looked at together, some 370 bytes each."""
SAME_WAY = 0.02
"""Largest difference between the shares of the block that a shower's particle and the one that it
stands for fly in a groove of air, and in the fibre in it; in the ZN 2 cm, a fifth of a radiation
length of quartz."""


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


def unmoved(conditions: NDArray[np.float32]) -> Moves:
    """No move, of conditions (N, 9)."""
    n = len(conditions)
    return Moves(np.full(n, IDENTITY), np.zeros((n, 2), np.int64), conditions, np.ones(n, np.bool_))


def inside(
    conditions: NDArray[np.float32], face: Calorimeter, machine: Machine | None, edge_cm: float
) -> NDArray[np.bool_]:
    """Whether particles hit the face at least `edge_cm` from its edge, shape (N,)."""
    x, y = arrival(conditions, face, machine)[:, [0, 2]].T
    smaller = replace(face, half_x=face.half_x - edge_cm, half_y=face.half_y - edge_cm)
    return smaller.contains(x, y)


def drawn_moves(
    particles: Responses,
    machine: Machine | None,
    reuses: int,
    rng: np.random.Generator,
    edge_cm: float = 0.0,
) -> list[Moves]:
    """For every re-use a move of each particle; no two of a particle are alike.

    Arguments:
        particles: One response of each, in the block of the library; with air in its grooves no
            move is used that changes how far the particle flies in one (`same_way`).
        machine: The magnets on their way.
        reuses: How many.
        rng: Draws them.
        edge_cm: How far from the edge of the face they must land.
    """
    together = max(1, ROWS // max(1, TRIES * reuses))
    starts = range(0, max(1, len(particles)), together)
    rows = (np.arange(len(particles))[start : start + together] for start in starts)
    parts = [_drawn(particles.select(of), machine, reuses, rng, edge_cm) for of in rows]
    return [_end_to_end(moves) for moves in zip(*parts, strict=True)]


def _end_to_end(parts: Sequence[Moves]) -> Moves:
    """The moves of one re-use, of particles in parts."""
    fields = ("symmetry", "shift", "conditions", "valid")
    return Moves(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))


def _drawn(
    particles: Responses,
    machine: Machine | None,
    reuses: int,
    rng: np.random.Generator,
    edge_cm: float,
) -> list[Moves]:
    """See `drawn_moves`; all tries at once."""
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
    landed = inside(moves.conditions, face, machine, edge_cm)
    moves = replace(moves, valid=moves.valid & landed)
    physics = physics_of(particles.provenance)
    if physics is not None and physics.grooves == "air":
        alike = same_way(conditions, moves.conditions, face, machine)
        moves = replace(moves, valid=moves.valid & alike)
    return _first_different(moves, n, tries, reuses)


def same_way(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    face: Calorimeter,
    machine: Machine | None,
) -> NDArray[np.bool_]:
    """Whether particles fly as far through groove and fibre as those before a move, shape (N,).

    A move keeps the place within the cell, or turns it with the lattice, but a shift changes the
    slope, and so where the wall of the groove is met.

    Arguments:
        before: Conditions of the showers' particles, shape (N, 9).
        after: Conditions of those that the moved showers stand for, shape (N, 9).
        face: The calorimeter without margin.
        machine: The magnets on the way.
    """
    ways = [arrival(conditions, face, machine) for conditions in (before, after)]
    alike = np.ones(len(before), np.bool_)
    for share in (groove_share, fibre_share):
        alike &= np.abs(share(ways[0], face) - share(ways[1], face)) <= SAME_WAY
    return alike


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
    there = aimed(turned, wanted, face, machine)
    free = np.ones(len(there), bool) if machine is None else machine.carried(there, face)[1]
    valid = free & face.contains(*wanted.T)
    return Moves(symmetry, shift, there.astype(np.float32), valid)
