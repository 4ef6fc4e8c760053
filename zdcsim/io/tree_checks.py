"""What the reader of our ROOT files refuses, each in one sentence.

Axis key: N responses, S non-zero pixels of all responses together.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter
from zdcsim.io.block import check_primaries
from zdcsim.response import Responses


def check_image(
    pixels: NDArray[np.int64],
    counts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    calorimeter: Calorimeter,
    path: Path,
    first: int = 0,
) -> None:
    """Raise ValueError where pixels and counts cannot be an image of this calorimeter.

    Arguments:
        pixels: Flat index of the lit fibres, shape (S,).
        counts: Their photo-electrons, shape (S,).
        lengths: Lit fibres of each response, shape (N,).
        calorimeter: What was hit.
        path: Where they were read, for the message.
        first: Number of the first response there.
    """
    fibres = calorimeter.nx * calorimeter.ny
    outside = (pixels < 0) | (pixels >= fibres)
    if outside.any():
        entry = int(np.argmax(outside))
        raise ValueError(
            f"{path}, entry {first + _row(entry, lengths)}: fibre {pixels[entry]} is outside the "
            f"{calorimeter.name}'s {fibres} fibres"
        )
    if (counts <= 0).any():
        entry = int(np.argmax(counts <= 0))
        raise ValueError(
            f"{path}, entry {first + _row(entry, lengths)}: a count of {counts[entry]} "
            "photo-electrons; stored counts must be positive"
        )


def _row(entry: int, lengths: NDArray[np.int64]) -> int:
    """The response that owns a sparse entry."""
    return int(np.searchsorted(np.cumsum(lengths), entry, side="right"))


def check_rows(
    responses: Responses, photon_sum: NDArray[np.int64], path: Path, first: int = 0
) -> None:
    """Refuse conditions that are not finite or in other units, unknown codes and wrong sums.

    Arguments:
        responses: What was read, N.
        photon_sum: What the file says of their sums, shape (N,).
        path: Where they were read, for the message.
        first: Number of the first response there.

    Raises:
        ValueError: At the first of them.
    """
    check_primaries(responses.pdg, responses.conditions, str(path), first)
    differs = photon_sum != responses.photon_sum()
    if differs.any():
        row = int(np.argmax(differs))
        raise ValueError(
            f"{path}, entry {first + row}: photon_sum is {photon_sum[row]} but its fibres hold "
            f"{responses.photon_sum()[row]}"
        )
