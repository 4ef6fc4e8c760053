"""Where primaries arrive: straight from the vertex, or through the machine's magnets.

Axis key: N particles; phase space (x, x', y, y'), shape (N, 4), as in `optics`.
"""

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, MASS, PX, PY, PZ, impact
from zdcsim.geometry import Calorimeter
from zdcsim.optics import Machine, total_momentum


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
