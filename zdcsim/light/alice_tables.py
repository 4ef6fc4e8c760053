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
"""Velocities that the file name's last two digits stand for."""
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
    crossing = np.abs(from_axis[:, 0] * uy - from_axis[:, 1] * ux) / np.maximum(sine, 1e-12)
    impact = np.where(sine > 1e-6, crossing, np.hypot(*from_axis.T))
    angle = np.degrees(np.arccos(np.clip(uz, -1, 1)))
    row = np.minimum((angle / ANGLE_STEP_DEGREES).astype(np.int64), ANGLES - 1)
    radii = RADII[calorimeter.name]
    column = np.minimum((impact / IMPACT_STEP_MM).astype(np.int64), radii - 1)
    last = max(BETA_RANGES.values())
    light = np.zeros(len(pixel))
    for digits, (low, high) in BETA_RANGES.items():
        mine = (steps.beta >= low) & ((steps.beta < high) | ((low, high) == last))
        light[mine] = tables[digits][row[mine], column[mine]]
    light *= steps.charge**2
    if per == "chord":
        radius, length = 10 * calorimeter.fibre_radius, 20 * calorimeter.half_z
        half = np.sqrt(np.maximum(radius**2 - impact**2, 0))
        chord = np.minimum(2 * half / np.maximum(sine, 1e-12), length)
        light *= np.minimum(steps.length / np.maximum(chord, IMPACT_STEP_MM), 1)
    return summed(pixel, light, calorimeter)
