"""ALICE's fibre light tables: mean photo-electrons of a charged particle that crosses a fibre.

They come with AliRoot (ZDC/) and are not part of this project; they serve for comparison only. One
file holds one range of velocities: rows are angles to the fibre axis in steps of 2 degrees, columns
impact distances from the axis in steps of 10 micrometres.

Axis key: S steps, Nx by Ny fibres.
"""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter
from zdcsim.light.photo_electrons import Steps, nearest_fibre, summed

ANGLE_STEP_DEGREES = 2.0
IMPACT_STEP_MM = 0.01
ANGLES = 90
BETA_RANGES = {"07": (0.67, 0.75), "08": (0.75, 0.85), "09": (0.85, 0.95), "10": (0.95, 1.0)}
"""Velocities that the file name's last two digits stand for; the upper limit belongs to them."""
SLOWEST = BETA_RANGES["07"][0]
BETA_EDGES = [high for _, high in BETA_RANGES.values()][:-1]
LARGEST_ANGLE_DEGREES = 110.0
TINY = 1e-12
TABLES = {"ZN": "light226203622{}s", "ZP": "light226205522{}s"}
RADII = {"ZN": 18, "ZP": 28}
"""Columns of a table, by calorimeter."""


def read_table(path: Path, radii: int) -> NDArray[np.float64]:
    """One table, shape (90 angles, radii).

    Arguments:
        path: The file.
        radii: Columns, from `RADII`.

    Raises:
        ValueError: If the file holds another number of values.
    """
    values = np.array(path.read_text().split(), dtype=np.float64)
    if len(values) != ANGLES * radii:
        raise ValueError(f"{path} has {len(values)} values; expected {ANGLES} angles x {radii}")
    return values.reshape(ANGLES, radii)


def read_tables(folder: Path, calorimeter: Calorimeter) -> dict[str, NDArray[np.float64]]:
    """All tables of a calorimeter, by the digits of `BETA_RANGES`.

    Raises:
        FileNotFoundError: If the folder lacks a table.
        ValueError: If a table has another size.
    """
    pattern, radii = TABLES[calorimeter.name], RADII[calorimeter.name]
    return {digits: read_table(folder / pattern.format(digits), radii) for digits in BETA_RANGES}


def expected_per_fibre(
    steps: Steps,
    calorimeter: Calorimeter,
    tables: dict[str, NDArray[np.float64]],
    per: Literal["step", "chord"],
) -> NDArray[np.float64]:
    """Mean photo-electrons of every fibre by ALICE's tables, shape (Nx, Ny).

    Entries are read as `calculateTableIndexes` and `ProcessHits` of O2 read them, from what we
    record of a step. O2 takes velocity and direction at the end of the step, we at its beginning:
    a step that scatters has another angle and impact distance there. O2 asks for deposited energy,
    we for a length, without which nothing is deposited.

    Source: AliceO2, Detectors/ZDC/simulation/src/Detector.cxx.

    Arguments:
        steps: The charged steps of one shower.
        calorimeter: Where the fibres are.
        tables: From `read_tables`.
        per: A table's value for every step, as ALICE takes it, so that the light depends on the
            length of Geant4's steps; or the value times the share of the whole chord.
    """
    middle = steps.start + 0.5 * steps.length[:, None] * steps.direction
    pixel, from_axis = nearest_fibre(middle[:, :2], calorimeter)
    ux, uy, uz = steps.direction.T
    sine = np.hypot(ux, uy)
    impact = np.where(
        ux != 0,
        np.abs(from_axis[:, 0] * uy - from_axis[:, 1] * ux) / np.maximum(sine, TINY),
        0.0,
    )
    entry, lit = table_entries(np.degrees(np.arccos(np.clip(uz, -1, 1))), impact, calorimeter)
    lit &= (steps.beta >= SLOWEST) & (steps.length > 0)
    every = np.stack([tables[digits].ravel() for digits in BETA_RANGES])
    light = np.where(lit, every[np.searchsorted(BETA_EDGES, steps.beta), entry], 0.0)
    light *= steps.charge**2
    if per == "chord":
        radius, length = 10 * calorimeter.fibre_radius, 20 * calorimeter.half_z
        half = np.sqrt(np.maximum(radius**2 - impact**2, 0))
        chord = np.minimum(2 * half / np.maximum(sine, TINY), length)
        light *= np.minimum(steps.length / np.maximum(chord, IMPACT_STEP_MM), 1)
    return summed(pixel, light, calorimeter)


def table_entries(
    angle_degrees: NDArray[np.floating], impact_mm: NDArray[np.floating], calorimeter: Calorimeter
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where O2 looks up steps in a table laid out row after row, and whether they make light.

    O2 rounds the angle to the nearest row, and takes the column after the one that the impact
    distance falls into. Distances beyond the last columns are read from the number of columns, one
    past the row, which is the first column of the next row.

    Arguments:
        angle_degrees: To the fibre axis, shape (S,).
        impact_mm: Distance of the line of flight from the axis, shape (S,).
        calorimeter: Whose tables.

    Returns:
        Flat index and whether the angle is below 110 degrees, shape (S,) each.
    """
    lit: NDArray[np.bool_] = np.asarray(angle_degrees) < LARGEST_ANGLE_DEGREES
    radii = RADII[calorimeter.name]
    row = (0.5 + np.where(lit, angle_degrees, 0.0) / ANGLE_STEP_DEGREES).astype(np.int64)
    column = np.minimum((impact_mm / IMPACT_STEP_MM + 1).astype(np.int64), radii)
    return row * radii + column, lit
