"""Steps in fibres as several shorter ones, to integrate their light along the way.

Axis key: S steps, P pieces of each.
"""

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter, crossing
from zdcsim.light.photo_electrons import Steps, nearest_fibre


def divided(steps: Steps, pieces: int, calorimeter: Calorimeter) -> Steps:
    """Every step as several, in the order of the steps, S P in all.

    The middles of the pieces lie evenly along the way. A step's length is that of its true, bent
    way, so that a straight line as long may end outside the fibre, where no ray can be that a fibre
    guides: there the pieces end at the wall of the core, and keep their length and so their
    photons.

    Arguments:
        steps: S of them.
        pieces: Of each.
        calorimeter: Where the fibres are.
    """
    whole = np.repeat(np.arange(len(steps.length)), pieces)
    share = np.tile((np.arange(pieces) + 0.5) / pieces, len(steps.length))
    flown = np.minimum(steps.length, to_wall(steps, calorimeter))
    middle = steps.start[whole] + (share * flown[whole])[:, None] * steps.direction[whole]
    length = steps.length[whole] / pieces
    return Steps(
        start=middle - 0.5 * length[:, None] * steps.direction[whole],
        direction=steps.direction[whole],
        length=length,
        beta=steps.beta[whole],
        charge=steps.charge[whole],
    )


def to_wall(steps: Steps, calorimeter: Calorimeter) -> NDArray[np.float64]:
    """How far the wall of the core is from where steps start, along their direction, mm, (S,)."""
    _, from_axis = nearest_fibre(steps.start[:, :2], calorimeter)
    _, leaves = crossing(from_axis, steps.direction[:, :2], 10 * calorimeter.fibre_radius)
    return np.maximum(leaves, 0)
