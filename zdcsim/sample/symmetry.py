"""The symmetries of a face, on responses and on their conditions alike.

A square calorimeter centred on the beam looks the same after a reflection and after an exchange of
its axes, eight ways in all, so the transformed shower of a transformed particle is as good as a
simulated one. Beside the beam, as the ZP stands, the mirror in y is left: calorimeter and magnets
are the same above and below the plane of the ring. They enlarge the training sample in memory only;
they never touch a validation or test sample. The chessboard of readout fibres is no part of a
response and changes colour under a reflection.

Axis key: N responses, Nx by Ny fibres, 9 conditions.
"""

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import PX, PY, VX, VY
from zdcsim.geometry import Calorimeter

IDENTITY, MIRROR_IN_Y = 0, 1
SYMMETRIES: NDArray[np.int64] = np.array(
    [
        [[sx * (not exchange), sx * exchange], [sy * exchange, sy * (not exchange)]]
        for exchange in (False, True)
        for sx in (1, -1)
        for sy in (1, -1)
    ]
)
"""What each does to a vector (x, y), shape (8, 2, 2)."""


def symmetries_of(calorimeter: Calorimeter) -> NDArray[np.int64]:
    """Which of `SYMMETRIES` hold: all for a square centred on the beam, else the mirror in y."""
    square = calorimeter.nx == calorimeter.ny and calorimeter.centre_x == 0
    return np.arange(len(SYMMETRIES)) if square else np.array([IDENTITY, MIRROR_IN_Y])


def drawn_symmetries(
    rng: np.random.Generator, n: int, allowed: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Numbers of n random ones of the allowed symmetries, shape (n,); n times the identity if none.

    Arguments:
        rng: Untouched if none are allowed.
        n: How many.
        allowed: As `symmetries_of` gives them.
    """
    if allowed is None:
        return np.full(n, IDENTITY)
    drawn: NDArray[np.int64] = allowed[rng.integers(len(allowed), size=n)]
    return drawn


def transformed_conditions(
    conditions: NDArray[np.float32], symmetry: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Conditions, shape (N, 9), each after its own symmetry, shape (N,), of vx, vy and px, py."""
    result = conditions.copy()
    for x, y in ((VX, VY), (PX, PY)):
        vector = conditions[:, [x, y], None]
        result[:, [x, y]] = (SYMMETRIES[symmetry] @ vector)[:, :, 0]
    return result


def transformed_photons(
    photons: NDArray[np.float32], symmetry: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Responses, shape (N, Nx, Ny) with Nx = Ny, each after its own symmetry, shape (N,)."""
    result = np.empty_like(photons)
    for index in np.unique(symmetry):
        rows = symmetry == index
        result[rows] = _transformed(photons[rows], SYMMETRIES[index])
    return result


def _transformed(photons: NDArray[np.float32], matrix: NDArray[np.int64]) -> NDArray[np.float32]:
    exchanged = photons.swapaxes(1, 2) if matrix[0, 0] == 0 else photons
    step_x, step_y = matrix.sum(axis=1)
    return exchanged[:, ::step_x, ::step_y]
