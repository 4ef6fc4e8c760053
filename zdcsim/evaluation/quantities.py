"""Everything about a response whose distribution is judged: channel sums and features.

Axis key: N responses, Nx by Ny fibres, K quantities.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.channels import CHANNEL_NAMES, Convention, channel_sums
from zdcsim.evaluation.features import FEATURES, features
from zdcsim.geometry import Calorimeter
from zdcsim.response import Responses

BLOCK = 2000
Photons = Responses | NDArray[np.number]
"""Photo-electrons of a sample: sparse, or dense, shape (N, Nx, Ny)."""


@dataclass(frozen=True)
class Quantity:
    """One number per response: its group (a channel convention or `features`), name and unit."""

    group: str
    name: str
    unit: str


@dataclass(frozen=True)
class Measured:
    """The quantities of a sample.

    Arguments:
        quantities: What the columns are.
        values: Shape (N, K); NaN where a quantity is not defined.
    """

    quantities: tuple[Quantity, ...]
    values: NDArray[np.float64]

    def select(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Measured":
        """The same quantities of those responses."""
        return Measured(self.quantities, self.values[rows])

    def group(self, name: str) -> NDArray[np.float64]:
        """The columns of one group, shape (N, columns of the group)."""
        return self.values[:, [quantity.group == name for quantity in self.quantities]]

    def feature(self, name: str) -> NDArray[np.float64]:
        """One feature, shape (N,)."""
        return self.group("features")[:, list(FEATURES).index(name)]

    def empty_fraction(self) -> float:
        """Fraction of responses without a single photo-electron."""
        return float(np.mean(self.feature("photon sum") == 0))


def quantities(conventions: Sequence[Convention]) -> tuple[Quantity, ...]:
    """Five channels of every convention, then the features."""
    channels = [
        Quantity(convention, name, "photo-electrons")
        for convention in conventions
        for name in CHANNEL_NAMES[convention]
    ]
    return (*channels, *(Quantity("features", name, unit) for name, unit in FEATURES.items()))


def dense(sample: Photons, rows: slice | NDArray[np.integer]) -> NDArray[np.number]:
    """Some rows of a sample as images, shape (n, Nx, Ny)."""
    return sample.dense(rows) if isinstance(sample, Responses) else sample[rows]


def blocks(
    sample: Photons, order: NDArray[np.integer] | None = None
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """A sample as dense images, `BLOCK` responses at a time, with the rows they come from.

    Arguments:
        sample: N responses.
        order: Rows to take instead of all in order; the slices count in it.
    """
    whole = len(sample) if order is None else len(order)
    for start in range(0, whole, BLOCK):
        rows = slice(start, min(start + BLOCK, whole))
        images = dense(sample, rows if order is None else order[rows])
        yield rows, images.astype(np.float32, copy=False)


def measure(
    sample: Photons, calorimeter: Calorimeter, conventions: Sequence[Convention]
) -> Measured:
    """The quantities of every response of a sample.

    Arguments:
        sample: N responses.
        calorimeter: The detector.
        conventions: Channel conventions to sum under.
    """
    columns = quantities(conventions)
    values = np.empty((len(sample), len(columns)))
    for rows, photons in blocks(sample):
        channels = [channel_sums(photons, calorimeter, convention) for convention in conventions]
        values[rows] = np.concatenate([*channels, features(photons, calorimeter)], axis=1)
    return Measured(columns, values)
