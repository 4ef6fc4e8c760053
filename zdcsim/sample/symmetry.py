"""The eight symmetries of the square, on responses and on their conditions alike.

A square calorimeter centred on the beam looks the same after a reflection and after an exchange of
its axes, so the transformed shower of a transformed particle is as good as a simulated one. They
enlarge the training sample in memory only; they never touch a validation or test sample. The
chessboard of readout fibres is no part of a response and changes colour under a reflection.

Axis key: N responses, Nx by Ny fibres, 9 conditions.
"""

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import PX, PY, VX, VY
from zdcsim.geometry import Calorimeter

IDENTITY = 0
SYMMETRIES: NDArray[np.int64] = np.array(
    [
        [[sx * (not exchange), sx * exchange], [sy * exchange, sy * (not exchange)]]
        for exchange in (False, True)
        for sx in (1, -1)
        for sy in (1, -1)
    ]
)
"""What each does to a vector (x, y), shape (8, 2, 2); the first is the identity."""


def require_square(calorimeter: Calorimeter) -> None:
    """Check that the face is a square centred on the beam.

    Raises:
        ValueError: If it is not.
    """
    if calorimeter.nx != calorimeter.ny or calorimeter.centre_x != 0:
        raise ValueError(
            f"the symmetries of the square do not hold for {calorimeter.name}, "
            f"{calorimeter.nx} x {calorimeter.ny} fibres centred at x = {calorimeter.centre_x} cm; "
            "set symmetries: false"
        )


def drawn_symmetries(rng: np.random.Generator, n: int, any_of_them: bool) -> NDArray[np.int64]:
    """Numbers of n random symmetries, shape (n,); n times the identity if not `any_of_them`."""
    return rng.integers(len(SYMMETRIES), size=n) if any_of_them else np.full(n, IDENTITY)


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
