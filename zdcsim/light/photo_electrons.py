"""Photo-electrons that charged particles make in the fibres of a calorimeter.

The count of a fibre is Poisson around the sum of its steps' means: a sum of independent Poisson
numbers is Poisson. The absolute scale is calibrated, because the optical coupling between fibre and
photomultiplier is not known from first principles.

Axis key: S steps, Nx by Ny fibres.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter
from zdcsim.light import cherenkov, fibre

QUANTUM_EFFICIENCY = 0.20
"""Bialkali photocathode, averaged over the window."""


@dataclass(frozen=True)
class Steps:
    """Steps of charged particles inside fibre cores, in the calorimeter's own frame, in mm.

    The origin is the centre of the block and z points along the beam to the read-out end.

    Arguments:
        start: Where the step begins, shape (S, 3).
        direction: Unit direction at the start, shape (S, 3).
        length: Length, mm, shape (S,).
        beta: Velocity over the speed of light, shape (S,).
        charge: Units of e, shape (S,).
    """

    start: NDArray[np.float64]
    direction: NDArray[np.float64]
    length: NDArray[np.float64]
    beta: NDArray[np.float64]
    charge: NDArray[np.float64]

    @classmethod
    def from_rows(cls, rows: NDArray[np.float64]) -> "Steps":
        """Steps from rows x, y, z, ux, uy, uz, length, beta, charge, shape (S, 9)."""
        return cls(rows[:, 0:3], rows[:, 3:6], rows[:, 6], rows[:, 7], rows[:, 8])


def expected_per_fibre(
    steps: Steps, calorimeter: Calorimeter, coupling: float
) -> NDArray[np.float64]:
    """Mean photo-electrons of every fibre, shape (Nx, Ny).

    Arguments:
        steps: The charged steps of one shower.
        calorimeter: Where the fibres are.
        coupling: Photons at the photocathode per photon at the fibre's end (`coupling.py`).
    """
    middle = steps.start + 0.5 * steps.length[:, None] * steps.direction
    pixel, from_axis = nearest_fibre(middle[:, :2], calorimeter)
    captured = fibre.captured_fraction(
        steps.beta,
        steps.direction,
        from_axis,
        10 * calorimeter.fibre_radius,
        10 * calorimeter.half_z - middle[:, 2],
    )
    emitted = cherenkov.photons(steps.length, steps.beta, steps.charge)
    mean = QUANTUM_EFFICIENCY * coupling * emitted * captured
    return summed(pixel, mean, calorimeter)


def draw(expected: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.int64]:
    """Photo-electrons around their means, of the same shape."""
    return rng.poisson(expected)


def summed(
    pixel: NDArray[np.int64], light: NDArray[np.float64], calorimeter: Calorimeter
) -> NDArray[np.float64]:
    """Light of every fibre, shape (Nx, Ny), from that of steps and their flat indices, (S,)."""
    total: NDArray[np.float64] = np.bincount(
        pixel, weights=light, minlength=calorimeter.nx * calorimeter.ny
    ).astype(np.float64)
    return total.reshape(calorimeter.shape)


def nearest_fibre(
    point: NDArray[np.float64], calorimeter: Calorimeter
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Flat index ix * Ny + iy of the fibre at each point and the point relative to its axis, mm."""
    half = 10 * np.array([calorimeter.half_x, calorimeter.half_y])
    pitch = 2 * half / calorimeter.shape
    index = np.clip(((point + half) // pitch).astype(np.int64), 0, np.array(calorimeter.shape) - 1)
    from_axis = point + half - pitch * (index + 0.5)
    return index[:, 0] * calorimeter.ny + index[:, 1], from_axis
