"""What the machine does to a particle on its way to a calorimeter, as a power series.

The elements of a transfer matrix are entire functions of the bending, charge over momentum: cosines
where a quadrupole focuses, hyperbolic cosines where it does not, of square roots that never occur
in odd powers. A series of 21 terms is therefore exact to single precision down to a twentieth of
the beam's rigidity, below which D1 bends every particle far off the calorimeters, and it is one
product of matrices in a graph where the closed form takes sixty nodes.

Axis key: N values of the bending, T terms, E elements (x from x, y from y, x from x', y from y',
x of a particle along the axis, y of it), P planes at which an aperture is checked.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, PX, PY, PZ, VX, VY, VZ
from zdcsim.geometry import Calorimeter, Side
from zdcsim.optics import Machine

SOFTEST = 0.05
"""Smallest rigidity that is carried, in units of the beam's."""

TERMS = 21
ELEMENTS = 6
SMALL_SLOPE = 1e-6
"""Of the particles that probe the machine; leaves their momentum as it is."""


@dataclass(frozen=True)
class TransferSeries:
    """Place at a calorimeter's face of a particle that enters the first magnet.

    Attributes:
        entrance_cm: Distance of that magnet from the interaction point.
        unit_gev: Momentum over charge at which the bending is 1, the largest there is.
        coefficients: Of the powers 0, 1, ... of the bending, lengths in cm, shape (T, E).
    """

    entrance_cm: float
    unit_gev: float
    coefficients: NDArray[np.float64]


def transfer_series(machine: Machine, calorimeter: Calorimeter, side: Side) -> TransferSeries:
    """The series of one side of the machine."""
    coefficients = _series(lambda bending: elements(machine, calorimeter, side, bending))
    return TransferSeries(entrance(machine), unit(machine), coefficients)


def aperture_series(machine: Machine, side: Side) -> NDArray[np.float64]:
    """The series up to every plane at which an aperture is checked, shape (T, E, P).

    Places are in units of the aperture's radius there, so a particle is stopped where its distance
    from the axis is 1 or more.
    """

    def places(c: NDArray[np.float64]) -> NDArray[np.float64]:
        passed = machine.in_apertures(c, side)
        return np.stack([at[:, [0, 2]] / radius for at, radius in passed], axis=2)

    return _series(lambda bending: _probed(places, machine, side, bending))


def _series(
    probed: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Coefficients of the powers of the bending, shape (T, ...), of what is probed, (N, ...)."""
    nodes = chebyshev.chebpts1(4 * TERMS)
    found = probed(nodes)
    fitted = chebyshev.chebfit(nodes, found.reshape(len(nodes), -1), TERMS - 1)
    powers = np.stack(list(map(_as_powers, fitted.T)), axis=1)
    return powers.reshape(TERMS, *found.shape[1:])


def _as_powers(fitted: NDArray[np.float64]) -> NDArray[np.float64]:
    powers: NDArray[np.float64] = np.zeros(TERMS)
    found = chebyshev.cheb2poly(fitted)
    powers[: len(found)] = found
    return powers


def entrance(machine: Machine) -> float:
    """Where the first magnet begins, cm from the interaction point."""
    first = machine.magnets[0]
    return first.centre_cm - first.length_cm / 2


def unit(machine: Machine) -> float:
    """Momentum over charge of bending 1, GeV/c."""
    return SOFTEST * machine.beam_momentum_gev


def elements(
    machine: Machine, calorimeter: Calorimeter, side: Side, bending: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The elements themselves, found by carrying particles, shape (N, E).

    Arguments:
        machine: Its magnets.
        calorimeter: Up to its face.
        side: Of the machine.
        bending: Unit momentum over rigidity, not 0, shape (N,).
    """
    return _probed(lambda c: machine.carried(c, calorimeter)[0][:, [0, 2]], machine, side, bending)


def _probed(
    places: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    machine: Machine,
    side: Side,
    bending: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Elements up to some places, of particles that are carried there, shape (N, E, ...).

    Arguments:
        places: Conditions, shape (N, 9), to x and y of each, shape (N, 2, ...).
        machine: Its magnets.
        side: To which they fly.
        bending: See `elements`.
    """
    sign = 1 if side == "A" else -1
    axis = np.zeros((len(bending), 9))
    axis[:, VZ] = sign * entrance(machine)
    axis[:, PZ] = sign * unit(machine) / np.abs(bending)
    axis[:, CHARGE] = 3 * np.sign(bending)
    displaced, tilted = axis.copy(), axis.copy()
    displaced[:, [VX, VY]] = 1
    tilted[:, [PX, PY]] = SMALL_SLOPE * np.abs(axis[:, [PZ]])
    along, moved, turned = map(places, (axis, displaced, tilted))
    return np.concatenate([moved - along, (turned - along) / SMALL_SLOPE, along], axis=1)
