"""What the reader of our ROOT files refuses, each in one sentence.

Axis key: N responses, S non-zero pixels of all responses together.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import NAMES
from zdcsim.geometry import Calorimeter
from zdcsim.io.species import UNKNOWN_PDG, mass_and_charge
from zdcsim.response import Responses


def check_image(
    pixels: NDArray[np.int64],
    counts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    calorimeter: Calorimeter,
    path: Path,
) -> None:
    """Raise ValueError where pixels and counts cannot be an image of this calorimeter."""
    fibres = calorimeter.nx * calorimeter.ny
    outside = (pixels < 0) | (pixels >= fibres)
    if outside.any():
        entry = int(np.argmax(outside))
        raise ValueError(
            f"{path}, entry {_row(entry, lengths)}: fibre {pixels[entry]} is outside the "
            f"{calorimeter.name}'s {fibres} fibres"
        )
    if (counts <= 0).any():
        entry = int(np.argmax(counts <= 0))
        raise ValueError(
            f"{path}, entry {_row(entry, lengths)}: a count of {counts[entry]} photo-electrons; "
            "stored counts must be positive"
        )


def _row(entry: int, lengths: NDArray[np.int64]) -> int:
    """The response that owns a sparse entry."""
    return int(np.searchsorted(np.cumsum(lengths), entry, side="right"))


def check_rows(responses: Responses, photon_sum: NDArray[np.int64], path: Path) -> None:
    """Refuse conditions that are not finite, codes without a particle and wrong sums.

    Raises:
        ValueError: At the first of them.
    """
    broken = ~np.isfinite(responses.conditions)
    if broken.any():
        row, column = np.argwhere(broken)[0]
        raise ValueError(
            f"{path}, entry {row}: condition {NAMES[column]} is "
            f"{responses.conditions[row, column]}; expected a finite number"
        )
    mass_and_charge(responses.pdg[responses.pdg != UNKNOWN_PDG], str(path))
    differs = photon_sum != responses.photon_sum()
    if differs.any():
        row = int(np.argmax(differs))
        raise ValueError(
            f"{path}, entry {row}: photon_sum is {photon_sum[row]} but its fibres hold "
            f"{responses.photon_sum()[row]}"
        )
