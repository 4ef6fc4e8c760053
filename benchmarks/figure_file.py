"""Figures as small PNG files, for a repository that keeps them."""

from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from detcore.files import replacing
from zdcsim.evaluation.plots import style

COLOURS = 64
"""Of a file's palette; lines and a colour map need no more."""


def write_png(path: Path, figure: Figure, dpi: int = 100) -> None:
    """Write a figure with a palette, a fifth of the bytes of full colours."""
    drawn = BytesIO()
    with style():
        figure.savefig(drawn, format="png", dpi=dpi)
    drawn.seek(0)
    with Image.open(drawn) as image, replacing(path) as partial:
        flat = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        flat.save(partial, format="png", optimize=True)
