"""Whether scores are probabilities: log-loss, Brier score and calibration error.

Axis key: N tracks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pid.calibration import Bins, expected_calibration_error

SMALLEST = 1e-7
"""Probabilities are kept so far from 0 and 1 in logarithms; float32 scores round to both."""


@dataclass(frozen=True)
class Probabilities:
    """How good a score is as a probability.

    Arguments:
        log_loss: Mean of -log of the probability given to the truth.
        brier: Mean square of probability minus truth.
        calibration_error: Expected calibration error, see `pid.calibration`.
        reference_log_loss: Log-loss of the constant score that is the share of signal.
    """

    log_loss: float
    brier: float
    calibration_error: float
    reference_log_loss: float


def probabilities(
    score: NDArray[np.floating], truth: NDArray[np.bool_], bins: int = 15, by: Bins = "width"
) -> Probabilities:
    """Judge the scores of one target; both arrays of shape (N,)."""
    values = np.asarray(score, np.float64)
    return Probabilities(
        log_loss(values, truth),
        float(np.mean((values - truth) ** 2)),
        expected_calibration_error(values, truth, bins, by),
        log_loss(np.full(len(values), truth.mean()), truth),
    )


def log_loss(score: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    """Mean of -log of the probability that a binary score (N,) gives to the truth (N,)."""
    given = np.where(truth, score, 1 - np.asarray(score, np.float64))
    return float(-np.log(given.clip(SMALLEST)).mean())
