"""Linear beam optics from the interaction point to the calorimeters.

Axis key: N particles; phase space (x, x', y, y') in cm and radians, shape (N, 4), where a prime is
the slope dx/dz along the direction of flight. Both sides of the machine are mirror images, so one
line of elements serves A and C; only apertures and the face's distance differ.

A quadrupole of gradient G bends a particle of charge q and momentum p with strength k = q G / p: a
thick lens. The dipole D1 bends by q B L / p, to x > 0 for a positive charge, as O2's field does.
The muon spectrometer's dipole with its compensators is a closed bump of the orbit and left
out, as are the solenoid, D2 (behind the calorimeters), crossing angle and beam divergence. Between
D1 and the calorimeters there is no aperture, only free flight.

Source: K. Brown, SLAC-75 (transfer matrices); AliceO2, Common/Field/src/MagneticField.cxx, methods
initializeMachineField and MachineField (positions, lengths, fields at 7 TeV and apertures).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, PX, PY, PZ, VX, VY, VZ
from zdcsim.geometry import Calorimeter, Side

Kind = Literal["quadrupole", "dipole"]

NOMINAL_MOMENTUM_GEV = 7000.0
"""Momentum per unit of charge of the beam for which the fields below are given."""
GRADIENT_T_PER_M = 220.002
D1_FIELD_T = 3.78781
GEV_PER_TESLA_METRE = 0.299792458
"""Momentum of a unit charge whose bending radius is 1 m in 1 T."""
SLICES = 8
"""Pieces of a magnet between which the aperture is checked."""
IONS_RIGIDITY = 208 / 82
"""Momentum per nucleon of a lead beam to that of a proton of the same rigidity."""


@dataclass(frozen=True)
class Magnet:
    """One magnet of the straight section.

    Arguments:
        name: Its name in the LHC.
        kind: Quadrupole or dipole.
        centre_cm: Distance of its middle from the interaction point.
        length_cm: Magnetic length.
        field: At NOMINAL_MOMENTUM_GEV: T/m of a quadrupole, positive when it focuses positive
            charges in x; T of a dipole, positive when it bends them to x > 0.
        radius_cm: Free radius on the A and on the C side.
    """

    name: str
    kind: Kind
    centre_cm: float
    length_cm: float
    field: float
    radius_cm: tuple[float, float]


MAGNETS = (
    Magnet("Q1", "quadrupole", 2615.0, 637.0, -GRADIENT_T_PER_M, (3.5, 3.5)),
    Magnet("Q2A", "quadrupole", 3480.0, 550.0, GRADIENT_T_PER_M, (3.5, 3.5)),
    Magnet("Q2B", "quadrupole", 4130.0, 550.0, GRADIENT_T_PER_M, (3.5, 3.5)),
    Magnet("Q3", "quadrupole", 5015.0, 637.0, -GRADIENT_T_PER_M, (3.5, 3.5)),
    Magnet("D1", "dipole", 6310.8, 945.0, D1_FIELD_T, (3.375, 4.5)),
)


@dataclass(frozen=True)
class Machine:
    """The straight sections on both sides, set to a beam.

    Arguments:
        beam_momentum_gev: Momentum of the beam over its charge in units of e.
        magnets: From the interaction point outwards.
    """

    beam_momentum_gev: float = NOMINAL_MOMENTUM_GEV
    magnets: tuple[Magnet, ...] = MAGNETS

    def carried(
        self, conditions: NDArray[np.floating], calorimeter: Calorimeter
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Phase space at the plane of the front face, and whether nothing was in the way.

        Arguments:
            conditions: Shape (N, 9), the charge in e/3.
            calorimeter: Its plane on the side towards which the particle flies.

        Returns:
            (x, x', y, y') in cm and radians, shape (N, 4), and booleans, shape (N,). Particles with
            pz = 0 arrive nowhere.
        """
        c = np.asarray(conditions, dtype=np.float64)
        arrived, free = np.full((len(c), 4), np.inf), np.zeros(len(c), bool)
        for side, flies in (("A", c[:, PZ] > 0), ("C", c[:, PZ] < 0)):
            front = calorimeter.front_a if side == "A" else -calorimeter.front_c
            arrived[flies], free[flies] = self._along(c[flies], side, front)  # type: ignore[arg-type]
        return arrived, free

    def _along(
        self, c: NDArray[np.float64], side: Side, front: float
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        free = np.ones(len(c), bool)
        for passed, radius in self.in_apertures(c, side):
            at = passed
            free &= inside(at, radius)
        last = self.magnets[-1]
        return drift(at, front - (last.centre_cm + last.length_cm / 2)), free

    def in_apertures(
        self, conditions: NDArray[np.float64], side: Side
    ) -> Iterator[tuple[NDArray[np.float64], float]]:
        """Phase space at each plane where an aperture is checked, and its radius, cm.

        From the interaction point outwards: where each magnet begins and after each of its slices.

        Arguments:
            conditions: Of particles that fly to this side, shape (N, 9), the charge in e/3.
            side: Whose apertures.
        """
        c = conditions
        outwards = np.abs(c[:, PZ])
        at = np.stack([c[:, VX], c[:, PX] / outwards, c[:, VY], c[:, PY] / outwards], axis=1)
        z = np.sign(c[:, PZ]) * c[:, VZ]
        per_momentum = GEV_PER_TESLA_METRE * (c[:, CHARGE] / 3) / total_momentum(c)
        scale = self.beam_momentum_gev / NOMINAL_MOMENTUM_GEV
        for magnet in self.magnets:
            at = drift(at, magnet.centre_cm - magnet.length_cm / 2 - z)
            radius = magnet.radius_cm[0 if side == "A" else 1]
            step = magnet.length_cm / SLICES
            yield at, radius
            for _ in range(SLICES):
                at = through(at, magnet.kind, step, scale * magnet.field * per_momentum)
                yield at, radius
            z = np.full(len(c), magnet.centre_cm + magnet.length_cm / 2)


def total_momentum(conditions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Momentum of each particle, GeV/c, shape (N,)."""
    momentum: NDArray[np.float64] = np.linalg.norm(conditions[:, [PX, PY, PZ]], axis=1)
    return momentum


def drift(at: NDArray[np.float64], length_cm: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Phase space after a field-free length, cm, shape (N, 4)."""
    moved = at.copy()
    moved[:, 0] += at[:, 1] * length_cm
    moved[:, 2] += at[:, 3] * length_cm
    return moved


def through(
    at: NDArray[np.float64], kind: Kind, length_cm: float, curvature: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Phase space after a length of magnet.

    Arguments:
        at: Shape (N, 4).
        kind: Quadrupole or dipole.
        length_cm: Length of the piece.
        curvature: Field over rigidity, shape (N,): 1/m^2 of a quadrupole, 1/m of a dipole.
    """
    if kind == "dipole":
        bent = drift(at, length_cm)
        bend = curvature / 100 * length_cm
        bent[:, 0] += bend * length_cm / 2
        bent[:, 1] += bend
        return bent
    moved = np.empty_like(at)
    for plane, sign in ((0, 1.0), (2, -1.0)):
        matrix = quadrupole_matrix(sign * curvature * 1e-4, length_cm)
        moved[:, plane : plane + 2] = np.einsum("nij,nj->ni", matrix, at[:, plane : plane + 2])
    return moved


def quadrupole_matrix(k: NDArray[np.float64], length_cm: float) -> NDArray[np.float64]:
    """Transfer matrices of one plane of a thick quadrupole, shape (N, 2, 2).

    Arguments:
        k: Strength, 1/cm^2; positive focuses.
        length_cm: Length.
    """
    root = np.sqrt(np.abs(k))
    phase = root * length_cm
    focuses = k > 0
    diagonal = np.where(focuses, np.cos(phase), np.cosh(phase))
    sine = np.where(focuses, np.sin(phase), np.sinh(phase))
    upper = np.where(phase > 0, sine / np.where(phase > 0, root, 1), length_cm)
    lower = np.where(focuses, -1.0, 1.0) * root * sine
    return np.stack([diagonal, upper, lower, diagonal], axis=1).reshape(-1, 2, 2)


def inside(at: NDArray[np.float64], radius_cm: float) -> NDArray[np.bool_]:
    """Whether particles are within a round aperture around the axis of the straight section."""
    within: NDArray[np.bool_] = np.hypot(at[:, 0], at[:, 2]) < radius_cm
    return within


def d1_angle(momentum_gev: float, machine: Machine) -> float:
    """Angle by which D1 bends a unit charge, radians."""
    field = D1_FIELD_T * machine.beam_momentum_gev / NOMINAL_MOMENTUM_GEV
    length = next(magnet.length_cm for magnet in machine.magnets if magnet.name == "D1")
    return GEV_PER_TESLA_METRE * field * length / 100 / momentum_gev


def lead_machine(momentum_per_nucleon_gev: float) -> Machine:
    """The machine set to lead ions of a momentum per nucleon."""
    return Machine(beam_momentum_gev=momentum_per_nucleon_gev * IONS_RIGIDITY)
