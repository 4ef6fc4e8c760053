"""From four classes to eight targets: the sign of a track tells particle from antiparticle.

Axis key: N tracks, 4 classes in the order of `CLASSES`, 8 targets in the order of `TARGETS`.
"""

import numpy as np
from numpy.typing import NDArray

from pid.species import CLASSES, TARGETS, charge_of, class_of


def by_charge(scores: NDArray[np.floating], sign: NDArray[np.floating]) -> NDArray[np.floating]:
    """Scores of the targets: that of the class if the track has the target's sign, else 0.

    Arguments:
        scores: Shape (N, 4).
        sign: Of the track, shape (N,).

    Returns:
        Shape (N, 8).

    Raises:
        ValueError: If there is not one score for each class.
    """
    if scores.ndim != 2 or scores.shape[1] != len(CLASSES):
        raise ValueError(f"scores must have shape (N, {len(CLASSES)}); got {scores.shape}")
    matches = np.sign(sign)[:, None] == charge_of(np.array(TARGETS))
    return np.where(matches, scores[:, class_of(np.array(TARGETS))], 0)
