"""ALICE's fibre light tables: mean photo-electrons of a charged particle that crosses a fibre.

They come with AliRoot (ZDC/) and are not part of this project; they serve for comparison only. One
file holds one range of velocities: rows are angles to the fibre axis in steps of 2 degrees, columns
impact distances from the axis in steps of 10 micrometres.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
