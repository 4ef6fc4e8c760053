"""Zero mean and unit variance, fitted on training tracks, applied in float32 as O2 does.

Axis key: N tracks, F columns.

Source: O2Physics, Tools/PIDML/pidOnnxModel.h (scaling in float).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pid.columns import scaled
from pid.tracks import Tracks


@dataclass(frozen=True)
class Scaler:
    """Means and standard deviations of some columns.

    Arguments:
        columns: Names, in the order of a model's input.
        mean: Shape (F,), float64.
        std: Shape (F,), float64, positive.

    Raises:
        ValueError: If shapes do not fit or a number cannot scale.
    """

    columns: tuple[str, ...]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.mean.shape != (len(self.columns),) or self.std.shape != (len(self.columns),):
            raise ValueError(
                f"a scaler of {len(self.columns)} columns needs as many means and deviations; got "
                f"{self.mean.shape} and {self.std.shape}"
            )
        for name, mean, std in zip(self.columns, self.mean, self.std, strict=True):
            if not (np.isfinite(mean) and np.isfinite(std) and std > 0):
                raise ValueError(
                    f"{name} cannot be scaled with mean {mean} and deviation {std}; the training "
                    "tracks need at least two different measured values of it"
                )

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(value - mean) / std in float32, shape (N, F); NaN stays NaN.

        Raises:
            ValueError: If the values have another number of columns.
        """
        if values.ndim != 2 or values.shape[1] != len(self.columns):
            raise ValueError(
                f"values of shape {values.shape} do not fit the "
                f"{len(self.columns)} columns of the scaler"
            )
        mean, std = self.mean.astype(np.float32), self.std.astype(np.float32)
        return (values.astype(np.float32) - mean) / std


def fit(tracks: Tracks, columns: Sequence[str]) -> Scaler:
    """Mean and standard deviation of the measured values; (0, 1) for columns not to be scaled.

    Arguments:
        tracks: Training tracks only, after the cuts of training.
        columns: Names of either schema, in the order of the model's input.

    Raises:
        ValueError: If a column is unknown, absent, never measured, or constant.
    """
    mean, std = np.zeros(len(columns)), np.ones(len(columns))
    for index, name in enumerate(columns):
        if scaled(name):
            values = tracks.column(name).astype(np.float64)
            measured = values[~np.isnan(values)]
            mean[index] = measured.mean() if len(measured) else np.nan
            std[index] = measured.std() if len(measured) else np.nan
    return Scaler(tuple(columns), mean, std)
