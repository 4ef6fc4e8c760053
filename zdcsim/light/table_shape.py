"""The shape of our light model beside ALICE's tables, which the user provides.

Each table is compared with the chord light of our model at the same angles and impact distances,
averaged over the velocities of the table. Chords parallel to the fibre (below 4 degrees) are left
out: how far a particle runs along the fibre is a convention there. Tracks are weighted with the
sine of the angle, as in an isotropic shower.

Axis key: A angles, I impact distances.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter
from zdcsim.light import alice_tables as alice
from zdcsim.light.chord import chord_table
from zdcsim.light.coupling import calibration
from zdcsim.shower_physics import ShowerPhysics

FIRST_ANGLE, LAST_ANGLE = 2, 55
VELOCITIES = 5


@dataclass(frozen=True)
class TableShape:
    """One table beside ours.

    Arguments:
        beta: Range of velocities.
        correlation: Of the two tables.
        misplaced_share: Half the sum of absolute differences of the normalised tables.
        total_alice_over_ours: The calibration of the coupling absorbs it.
        angles_degrees: Shape (A,).
        ours: Mean over impact distances, scaled to ALICE's total, shape (A,).
        theirs: The same of ALICE.
    """

    beta: tuple[float, float]
    correlation: float
    misplaced_share: float
    total_alice_over_ours: float
    angles_degrees: tuple[float, ...]
    ours: tuple[float, ...]
    theirs: tuple[float, ...]


def our_table(
    beta_range: tuple[float, float], calorimeter: Calorimeter, physics: ShowerPhysics
) -> NDArray[np.float64]:
    """Our chord light on ALICE's grid, averaged over the range of velocities, shape (A, I).

    The physics changes the scale alone, as it has a calibration of its own.
    """
    low, high = beta_range
    betas = low + (high - low) * (np.arange(VELOCITIES) + 0.5) / VELOCITIES
    angles = np.radians(alice.ANGLE_STEP_DEGREES * np.arange(alice.ANGLES))
    impacts = alice.IMPACT_STEP_MM * (np.arange(alice.RADII[calorimeter.name]) + 0.5)
    radius, length = 10 * calorimeter.fibre_radius, 20 * calorimeter.half_z
    tables = [chord_table(float(beta), angles, impacts, radius, length) for beta in betas]
    mean: NDArray[np.float64] = np.mean(tables, axis=0)
    return calibration(calorimeter, physics).coupling * mean


def compared(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], beta: tuple[float, float]
) -> TableShape:
    """Two tables of shape (A, I)."""
    rows = slice(FIRST_ANGLE, LAST_ANGLE)
    angles = alice.ANGLE_STEP_DEGREES * np.arange(alice.ANGLES)[rows]
    weight = np.sin(np.radians(angles))[:, None]
    a, b = (ours[rows] * weight).ravel(), (theirs[rows] * weight).ravel()
    scale = theirs[rows].sum() / ours[rows].sum()
    return TableShape(
        beta=beta,
        correlation=round(float(np.corrcoef(a, b)[0, 1]), 4),
        misplaced_share=round(float(np.abs(a / a.sum() - b / b.sum()).sum() / 2), 4),
        total_alice_over_ours=round(float(b.sum() / a.sum()), 4),
        angles_degrees=tuple(angles.tolist()),
        ours=tuple((scale * ours[rows].mean(axis=1)).tolist()),
        theirs=tuple(theirs[rows].mean(axis=1).tolist()),
    )


def table_shapes(
    folder: Path, calorimeter: Calorimeter, physics: ShowerPhysics
) -> list[TableShape]:
    """All of ALICE's tables for one calorimeter beside ours.

    Raises:
        FileNotFoundError: If the folder lacks a table.
        ValueError: If a table has another size.
    """
    theirs = alice.read_tables(folder, calorimeter)
    return [
        compared(our_table(beta, calorimeter, physics), theirs[digits], beta)
        for digits, beta in alice.BETA_RANGES.items()
    ]
