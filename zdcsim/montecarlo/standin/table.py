"""The text formats of Geant4's physics vectors.

Energies are in MeV and cross sections in Geant4's internal unit, mm^2.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ELEMENTS = range(1, 101)
BARN_MM2 = 1e-22
"""One barn in mm^2, Geant4's internal unit of area."""


def vector_lines(
    energy: NDArray[np.float64], value: NDArray[np.float64], kind: str = ""
) -> Iterable[str]:
    """A G4PhysicsVector as text: its range and length, then pairs of energy and value."""
    yield f"{energy[0]:.8e} {energy[-1]:.8e} {len(energy)}{' ' + kind if kind else ''}"
    if not kind:
        yield str(len(energy))
    for pair in zip(energy, value, strict=True):
        yield f"{pair[0]:.10e} {pair[1]:.8e}"


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
