"""The scales file that O2 reads beside each model: means and scales of the nine conditions.

O2 feeds a model (x - mean) / scale, in float32, with the charge in e/3. The file is plain text with
LF line ends: the line `#means`, nine lines with a number each, an empty line, the line `#scales`
and nine lines with a number each.

Source: AliceO2, Detectors/ZDC/fastsimulation, loadScales.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detcore.files import write_text
from zdcsim.conditions import NAMES

MEANS = "#means"
SCALES = "#scales"


@dataclass(frozen=True)
class Scales:
    """Mean and scale of every condition, in O2's order and units.

    Arguments:
        mean: float32, shape (9,).
        scale: float32, positive, shape (9,).

    Raises:
        ValueError: If there are not nine of each, one is not finite or a scale is not positive.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    def __post_init__(self) -> None:
        if not self.mean.shape == self.scale.shape == (len(NAMES),):
            raise ValueError(
                f"O2 scales {len(NAMES)} conditions; got {self.mean.size} means "
                f"and {self.scale.size} scales"
            )
        if not np.isfinite(self.mean).all():
            raise ValueError(f"the means must be finite; got {self.mean.tolist()}")
        if not (np.isfinite(self.scale) & (self.scale > 0)).all():
            raise ValueError(f"the scales must be positive; got {self.scale.tolist()}")

    def apply(self, conditions: NDArray[np.floating]) -> NDArray[np.float32]:
        """Scaled conditions as O2 computes them, every step in float32; shape (N, 9) to (N, 9)."""
        return (conditions.astype(np.float32) - self.mean) / self.scale


def to_text(scales: Scales) -> str:
    """The file's text; nine significant digits give every float32 back exactly."""
    means, sizes = map(_number, scales.mean), map(_number, scales.scale)
    return "\n".join([MEANS, *means, "", SCALES, *sizes, ""])


def _number(value: np.float32) -> str:
    return f"{float(value):.9g}"


def from_text(text: str) -> Scales:
    """Scales of a text that O2 would read in full and as meant.

    Raises:
        ValueError: If O2 would stop at the text or misread it.
    """
    if "\r" in text:
        raise ValueError(f"the line ends are CRLF; O2 finds its marker {MEANS!r} only with LF")
    lines = text.split("\n")
    if lines[0] != MEANS:
        raise ValueError(f"the first line must be exactly {MEANS!r}; got {lines[0]!r}")
    if SCALES not in lines:
        raise ValueError(f"there is no line that is exactly {SCALES!r}")
    marker = lines.index(SCALES)
    if lines[marker - 1] != "":
        raise ValueError(f"an empty line must stand before {SCALES!r}; without it O2 stops there")
    end = len(lines) - 1 if lines[-1] == "" else len(lines)
    return Scales(_block(lines[1 : marker - 1]), _block(lines[marker + 1 : end]))


def _block(lines: list[str]) -> NDArray[np.float32]:
    try:
        return np.array([float(line) for line in lines], dtype=np.float32)
    except ValueError:
        raise ValueError(f"every line of a block must hold one number; got {lines}") from None


def write(path: Path, scales: Scales) -> None:
    """Write the scales file of one model."""
    write_text(path, to_text(scales))


def read(path: Path) -> Scales:
    """Read a scales file as strictly as O2 does.

    Raises:
        ValueError: If O2 would stop at the file or misread it; names the file.
    """
    try:
        return from_text(path.read_bytes().decode("utf-8"))
    except ValueError as problem:
        raise ValueError(f"O2 cannot use the scales file {path}: {problem}") from None
