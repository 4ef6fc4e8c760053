"""Which primaries on the face of a calorimeter are simulated: all, or those that hit rare places.

A generator learns the response to a particle from the showers of particles like it. Few enter a
groove and meet its wall inside the block (4 in 100 of the ZN's), few hit near the edge, and their
light depends on where they do more than that of the others. A choice by conditions alone changes
how often a particle occurs, not what it lights, so that such showers may be trained on beside those
of all primaries.

Axis key: N particles; phase space (x, x', y, y'), shape (N, 4), as in `optics`.
"""

from typing import Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter, crossing

Impacts = Literal["all", "grooves", "edges"]
"""`grooves`: enters a groove and meets its wall before the end of the block. `edges`: less than a
tenth of the half width from the edge of the face."""

NEAR_EDGE = 0.1


def chosen(
    impacts: Impacts, at: NDArray[np.floating], calorimeter: Calorimeter
) -> NDArray[np.bool_]:
    """Whether particles hit where they are wanted, shape (N,).

    Arguments:
        impacts: Where.
        at: Phase space at the plane of the front face, shape (N, 4); all on the face.
        calorimeter: Whose face.
    """
    if impacts == "all":
        return np.ones(len(at), bool)
    if impacts == "grooves":
        share = groove_share(at, calorimeter)
        return (share > 0) & (share < 1)
    if impacts == "edges":
        half = (calorimeter.half_x, calorimeter.half_y)
        from_middle = np.abs(at[:, [0, 2]] - (calorimeter.centre_x, 0.0)) / half
        near: NDArray[np.bool_] = from_middle.max(axis=1) > 1 - NEAR_EDGE
        return near
    assert_never(impacts)


def groove_share(at: NDArray[np.floating], calorimeter: Calorimeter) -> NDArray[np.float64]:
    """Share of the block's length that is flown in the groove entered, shape (N,); 0 if in none.

    Arguments:
        at: Phase space at the plane of the front face, shape (N, 4).
        calorimeter: Its lattice, grooves and length.
    """
    aside, drift = _aside(at, calorimeter), _drift(at, calorimeter)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_wall = (calorimeter.groove_half - aside * np.sign(drift)) / np.abs(drift)
    inside = np.abs(aside).max(axis=1) < calorimeter.groove_half
    return np.where(inside, np.clip(np.min(to_wall, axis=1), 0, 1), 0.0)


def fibre_share(at: NDArray[np.floating], calorimeter: Calorimeter) -> NDArray[np.float64]:
    """Share of the block's length that is flown in the fibre of the groove entered, shape (N,).

    Arguments:
        at: Phase space at the plane of the front face, shape (N, 4).
        calorimeter: Its lattice, grooves, fibres and length.
    """
    aside, drift = _aside(at, calorimeter), _drift(at, calorimeter)
    enters, leaves = crossing(aside, drift, calorimeter.fibre_radius)
    end = np.minimum(leaves, groove_share(at, calorimeter))
    flown: NDArray[np.float64] = np.maximum(end - np.maximum(enters, 0), 0)
    return flown


def _aside(at: NDArray[np.floating], calorimeter: Calorimeter) -> NDArray[np.float64]:
    """Place at the face relative to the axis of the nearest fibre, cm, shape (N, 2)."""
    corner = (calorimeter.centre_x - calorimeter.half_x, -calorimeter.half_y)
    place = (np.asarray(at, np.float64)[:, [0, 2]] - corner) / calorimeter.pitch
    aside: NDArray[np.float64] = (place - np.floor(place) - 0.5) * calorimeter.pitch
    return aside


def _drift(at: NDArray[np.floating], calorimeter: Calorimeter) -> NDArray[np.float64]:
    """How much farther the place is at the back of the block, cm, shape (N, 2)."""
    drift: NDArray[np.float64] = np.asarray(at, np.float64)[:, [1, 3]] * 2 * calorimeter.half_z
    return drift
