"""Where primaries arrive: straight from the vertex, or through the machine's magnets.

Axis key: N particles; phase space (x, x', y, y'), shape (N, 4), as in `optics`.
"""

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, MASS, PX, PY, PZ, impact
from zdcsim.geometry import Calorimeter
from zdcsim.optics import Machine, total_momentum

SLOPE = 1e-6
"""By which directions are changed to learn where they lead."""


def arrival(
    conditions: NDArray[np.floating], calorimeter: Calorimeter, machine: Machine | None
) -> NDArray[np.float64]:
    """Phase space at the plane of the front face, in cm and radians, shape (N, 4).

    Arguments:
        conditions: Shape (N, 9).
        calorimeter: Its plane on the side towards which the particle flies.
        machine: Its magnets; without one every particle flies straight.
    """
    if machine is not None:
        return machine.carried(conditions, calorimeter)[0]
    c = np.asarray(conditions, dtype=np.float64)
    x, y = impact(c, calorimeter).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([x, c[:, PX] / np.abs(c[:, PZ]), y, c[:, PY] / np.abs(c[:, PZ])], axis=1)


def aimed(
    conditions: NDArray[np.floating],
    target: NDArray[np.floating],
    calorimeter: Calorimeter,
    machine: Machine | None,
) -> NDArray[np.float64]:
    """The same vertices and momenta in the directions that lead to other places, shape (N, 9).

    Arguments:
        conditions: Of particles in about those directions, shape (N, 9).
        target: Where they are to arrive at the plane of the front face, cm, shape (N, 2).
        calorimeter: Its plane on the side towards which the particle flies.
        machine: Magnets on the way; their apertures are not looked at.
    """
    c = np.asarray(conditions, dtype=np.float64)
    here = arrival(c, calorimeter, machine)[:, [0, 2]]
    slopes = c[:, [PX, PY]] / c[:, PZ:][:, :1]
    # The way is linear in the slopes at a fixed momentum, and x and y do not mix.
    beside = arrival(_with_slopes(c, slopes + SLOPE), calorimeter, machine)[:, [0, 2]]
    return _with_slopes(c, slopes + SLOPE * (target - here) / (beside - here))


def _with_slopes(c: NDArray[np.float64], slopes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same momenta in other directions."""
    turned = c.copy()
    turned[:, PZ] = np.sign(c[:, PZ]) * total_momentum(c) / np.sqrt(1 + (slopes**2).sum(axis=1))
    turned[:, [PX, PY]] = slopes * turned[:, [PZ]]
    return turned


def reaches(
    conditions: NDArray[np.floating],
    proper_decay_cm: NDArray[np.floating],
    calorimeter: Calorimeter,
    machine: Machine | None,
) -> NDArray[np.bool_]:
    """Whether particles arrive on the face, undecayed.

    Without a machine charged particles do not: in the real one the dipole D1 bends them away from
    the ZN.

    Arguments:
        conditions: Shape (N, 9).
        proper_decay_cm: Where each would decay, in its own time times c, shape (N,).
        calorimeter: The face; both sides count.
        machine: Magnets and apertures on the way.
    """
    c = np.asarray(conditions, dtype=np.float64)
    if machine is None:
        x, y = impact(c, calorimeter).T
        free = c[:, CHARGE] == 0
    else:
        at, free = machine.carried(c, calorimeter)
        x, y = at[:, 0], at[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        # beta gamma = p / m; massless particles never decay and give infinity.
        decay_length = np.where(
            c[:, MASS] > 0, proper_decay_cm * 1000 * total_momentum(c) / c[:, MASS], np.inf
        )
    arrives: NDArray[np.bool_] = (
        free & calorimeter.contains(x, y) & (decay_length > calorimeter.front_a)
    )
    return arrives
