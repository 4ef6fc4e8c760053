"""Abundances that differ between simulation and data: their estimate and the scores they imply.

Both estimates assume that tracks of one species look alike in both domains, which a shifted
detector breaks. They take the scores of a calibrated multi-class network.

Axis key: N tracks, T classes.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def corrected(probabilities: Array, source: Array, target: Array) -> Array:
    """Probabilities at other abundances, shape (N, T); rows add up to 1.

    Arguments:
        probabilities: At the abundances of the source, shape (N, T).
        source: Abundances, adding up to 1, shape (T,).
        target: The same of the target.

    Raises:
        ValueError: If shapes or sums do not fit.

    Source:
        Saerens, Latinne and Decaestecker, Neural Comput. 14 (2002) 21, equation 2.4.
    """
    _check(probabilities, source, target)
    weighted = probabilities * (target / source)
    result: Array = weighted / weighted.sum(axis=1, keepdims=True)
    return result


def expectation_maximisation(
    probabilities: Array, source: Array, tolerance: float = 1e-8, most: int = 10_000
) -> Array:
    """Abundances of the target that make its scores most likely, shape (T,).

    Arguments:
        probabilities: Of tracks of the target, at the abundances of the source, shape (N, T).
        source: Abundances of the source, shape (T,).
        tolerance: Stop when no abundance changes more in one iteration.
        most: Iterations.

    Raises:
        ValueError: If shapes or sums do not fit, or it has not converged.

    Source:
        Saerens, Latinne and Decaestecker, Neural Comput. 14 (2002) 21, equation 2.9.
    """
    abundances = source
    for _ in range(most):
        updated: Array = corrected(probabilities, source, abundances).mean(axis=0)
        if np.abs(updated - abundances).max() < tolerance:
            return updated
        abundances = updated
    raise ValueError(f"the abundances have not converged in {most} iterations; raise the tolerance")


def black_box(
    validation: Array, labels: NDArray[np.integer], predicted: Array, smallest: float = 1e-6
) -> Array:
    """Abundances of the target from how often each class is chosen, shape (T,).

    Arguments:
        validation: Scores of labelled tracks of the source, shape (M, T).
        labels: Their true classes, shape (M,).
        predicted: Scores of tracks of the target, shape (N, T).
        smallest: Abundances below are raised to it, and all are scaled to add up to 1.

    Raises:
        ValueError: If the chosen classes do not tell the true ones apart.

    Source:
        Lipton, Wang and Smola, https://arxiv.org/abs/1802.03916, section 4.
    """
    classes = validation.shape[1]
    joint = np.zeros((classes, classes))
    np.add.at(joint, (validation.argmax(axis=1), labels), 1 / len(labels))
    chosen = np.bincount(predicted.argmax(axis=1), minlength=classes) / len(predicted)
    if np.linalg.cond(joint) > 1 / np.finfo(np.float64).eps:
        raise ValueError(
            "some class is never chosen or never true in validation; merge it with another one"
        )
    ratio = np.linalg.solve(joint, chosen)
    abundances = np.maximum(ratio * np.bincount(labels, minlength=classes) / len(labels), smallest)
    result: Array = abundances / abundances.sum()
    return result


def _check(probabilities: Array, source: Array, target: Array) -> None:
    shape = probabilities.shape[1:]
    for name, given in (("source", source), ("target", target)):
        if given.shape != shape or not np.isclose(given.sum(), 1) or (given < 0).any():
            raise ValueError(
                f"{name} abundances must be {shape[0]} shares that add up to 1; got {given}"
            )
    if (source == 0).any():
        raise ValueError("a class that the source never has cannot be found in the target")
