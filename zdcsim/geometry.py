"""The neutron (ZN) and proton (ZP) Zero Degree Calorimeters.

Axes: x horizontal and y vertical across the face, z along the beam, in cm, in ALICE's frame.
A response is indexed `[x][y]`, as O2's SpatialPhotonResponse is: shape (Nx, Ny).

Source: AliceO2, Detectors/ZDC/base/include/ZDCBase/Geometry.h and simulation/src/Detector.cxx.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Side = Literal["A", "C"]


@dataclass(frozen=True)
class Calorimeter:
    """One calorimeter: a block of absorber with one quartz fibre in the middle of every pixel.

    Each fibre lies in a square groove, as long as the block, that is empty but for the fibre.

    Arguments:
        name: `ZN` or `ZP`.
        nx: Fibres along x.
        ny: Fibres along y.
        half_x: Half width of the block, cm.
        half_y: Half height of the block, cm.
        half_z: Half length of the block and of its fibres, cm.
        fibre_radius: Radius of the fibre core, cm.
        groove_half: Half width of the groove around a fibre, cm.
        centre_x: Distance of the centre from the beam axis, cm.
        front_a: z of the front face on the A side, cm.
        front_c: z of the front face on the C side, cm (negative).
    """

    name: str
    nx: int
    ny: int
    half_x: float
    half_y: float
    half_z: float
    fibre_radius: float
    groove_half: float
    centre_x: float
    front_a: float
    front_c: float

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (Nx, Ny) of a response."""
        return self.nx, self.ny

    def widened(self, margin: int) -> "Calorimeter":
        """The same block with `margin` more columns or rows of fibres on each of its four sides."""
        return replace(
            self,
            nx=self.nx + 2 * margin,
            ny=self.ny + 2 * margin,
            half_x=self.half_x + margin * self.pitch,
            half_y=self.half_y + margin * self.pitch,
        )

    @property
    def pitch(self) -> float:
        """Distance between neighbouring fibres, cm; the same along x and y."""
        return 2 * self.half_x / self.nx

    def contains(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Whether points (x, y) on the front plane, cm, lie on the face."""
        inside: NDArray[np.bool_] = (np.abs(x - self.centre_x) < self.half_x) & (
            np.abs(y) < self.half_y
        )
        return inside


TINY = 1e-18
"""Smallest squared length of a direction, but divided by: as if the line did not move."""


def crossing(
    place: NDArray[np.floating], direction: NDArray[np.floating], radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where lines enter and leave a circle around the origin, in lengths of their direction.

    Both are where a line is nearest to the origin if it passes the circle by.

    Arguments:
        place: Where the lines start, shape (N, 2).
        direction: Shape (N, 2).
        radius: Of the circle, in the units of the place.

    Returns:
        Shape (N,) each, negative behind the start.
    """
    # |place + t direction| = radius at t = nearest +- root.
    square = np.maximum((direction**2).sum(axis=1), TINY)
    nearest = -(place * direction).sum(axis=1) / square
    room = radius**2 - (place**2).sum(axis=1)
    root = np.sqrt(np.maximum(nearest**2 + room / square, 0))
    return nearest - root, nearest + root


ZN = Calorimeter(
    name="ZN",
    nx=44,
    ny=44,
    half_x=3.52,
    half_y=3.52,
    half_z=50.0,
    fibre_radius=0.01825,
    groove_half=0.03,
    centre_x=0.0,
    front_a=11259.8,
    front_c=-11261.3,
)

ZP = Calorimeter(
    name="ZP",
    nx=56,
    ny=30,
    half_x=11.2,
    half_y=6.0,
    half_z=75.0,
    fibre_radius=0.0275,
    groove_half=0.04,
    centre_x=24.35,
    front_a=11251.8,
    front_c=-11253.3,
)

CALORIMETERS = {calorimeter.name: calorimeter for calorimeter in (ZN, ZP)}


def calorimeter(name: str) -> Calorimeter:
    """The calorimeter of that name, in capitals or not.

    Raises:
        ValueError: If there is none of that name.
    """
    try:
        return CALORIMETERS[name.upper()]
    except KeyError:
        raise ValueError(
            f"unknown calorimeter {name!r}; expected one of {', '.join(CALORIMETERS)}"
        ) from None
