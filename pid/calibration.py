"""Calibration of scores: probabilities that come true as often as they say.

A scale and a bias on every logit before the sigmoid (Platt), or one common scale, the inverse
temperature, and a bias for every class before the softmax. Both are single linear steps, so they
live inside the exported graph. They are fitted on validation tracks, never on the test sample.

Axis key: N tracks, T targets or classes.

Source: J. Platt, Advances in Large Margin Classifiers (1999) 61; C. Guo et al., ICML 2017,
arXiv:1706.04599.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Activation = Literal["sigmoid", "softmax"]
Bins = Literal["width", "mass"]
STEPS, CONVERGED = 100, 1e-10
RIDGE = 1e-9
"""Added to the curvature, so that a sample that is perfectly separated still has a solution."""

Derivatives = Callable[
    [NDArray[np.float64]], tuple[float, NDArray[np.float64], NDArray[np.float64]]
]
"""Loss, gradient and curvature at some parameters."""


@dataclass(frozen=True)
class Calibration:
    """Calibrated logit = scale * logit + bias.

    Arguments:
        activation: What turns calibrated logits into probabilities.
        scale: One for every target, all equal for softmax; positive, shape (T,).
        bias: Shape (T,).

    Raises:
        ValueError: If the shapes differ or a scale is not positive.
    """

    activation: Activation
    scale: tuple[float, ...]
    bias: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.scale) != len(self.bias) or not self.scale:
            raise ValueError(f"{len(self.scale)} scales and {len(self.bias)} biases do not match")
        if not all(np.isfinite([*self.scale, *self.bias])) or min(self.scale) <= 0:
            raise ValueError(f"scales must be positive and finite; got {self.scale}, {self.bias}")

    def probability(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated probabilities, shape (N, T)."""
        return activated(self.activation, logits * np.array(self.scale) + np.array(self.bias))


def activated(activation: Activation, logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Sigmoid of every logit, or softmax over the last axis, in double precision."""
    values = np.asarray(logits, np.float64)
    if activation == "sigmoid":
        return np.exp(-np.logaddexp(0.0, -values))
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    probability: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return probability


def fit(
    activation: Activation, logits: NDArray[np.floating], truth: NDArray[np.bool_]
) -> Calibration:
    """The calibration of the largest likelihood.

    Arguments:
        activation: `sigmoid` fits every target alone, `softmax` all classes together.
        logits: Of validation tracks, shape (N, T).
        truth: Whether the track is of the target, shape (N, T); for softmax one a row.

    Raises:
        ValueError: If shapes differ, a logit is not finite, or a target has no tracks of its own
            or no others.
    """
    _check(activation, logits, truth)
    values = np.asarray(logits, np.float64)
    if activation == "sigmoid":
        fitted = [platt(values[:, t], truth[:, t]) for t in range(truth.shape[1])]
        return Calibration(activation, *zip(*fitted, strict=True))
    return temperature(values, truth)


def _check(activation: Activation, logits: NDArray[np.floating], truth: NDArray[np.bool_]) -> None:
    if logits.ndim != 2 or logits.shape != truth.shape:
        raise ValueError(f"logits {logits.shape} and truth {truth.shape} must both be (N, T)")
    if not np.isfinite(logits).all():
        raise ValueError(f"{int((~np.isfinite(logits)).sum())} logits are not finite numbers")
    lonely = [t for t in range(truth.shape[1]) if truth[:, t].all() or not truth[:, t].any()]
    if lonely:
        raise ValueError(f"targets {lonely} have no tracks of their own, or no others, to fit on")
    if activation == "softmax" and not (truth.sum(axis=1) == 1).all():
        raise ValueError("a softmax is calibrated on tracks that belong to exactly one class")


def platt(logit: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Scale and bias of one target by Newton's method; logit and truth of shape (N,).

    A logit that ranks the target last knows nothing of it: every track gets the target's share.
    """
    design = np.column_stack([logit, np.ones_like(logit)])

    def derivatives(
        at: NDArray[np.float64],
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        raised = design @ at
        probability = activated("sigmoid", raised)
        loss = float(np.mean(np.logaddexp(0.0, raised) - truth * raised))
        gradient = design.T @ (probability - truth) / len(truth)
        weight = probability * (1 - probability) / len(truth)
        return loss, gradient, (design * weight[:, None]).T @ design

    scale, bias = _newton(derivatives, np.array([1.0, 0.0]))
    if scale > RIDGE:
        return float(scale), float(bias)
    share = float(truth.mean())
    return RIDGE, float(np.log(share / (1 - share)))


def temperature(logits: NDArray[np.float64], truth: NDArray[np.bool_]) -> Calibration:
    """One scale for all classes and a bias for each; the biases sum to zero."""
    rows, classes = logits.shape
    design = np.zeros((rows, classes, classes))
    design[:, :, 0] = logits
    design[:, np.arange(1, classes), np.arange(1, classes)] = 1.0

    def derivatives(
        at: NDArray[np.float64],
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        raised = design @ at
        probability = activated("softmax", raised)
        top = raised.max(axis=1)
        total = top + np.log(np.exp(raised - top[:, None]).sum(axis=1))
        loss = float(np.mean(total - raised[truth]))
        mean = np.einsum("nc,nck->nk", probability, design)
        gradient = (mean - design[truth]).mean(axis=0)
        second = np.einsum("nc,ncj,nck->jk", probability, design, design)
        return loss, gradient, (second - mean.T @ mean) / rows

    found = _newton(derivatives, np.array([1.0] + [0.0] * (classes - 1)))
    bias = np.append(0.0, found[1:])
    scale = max(float(found[0]), RIDGE)
    return Calibration("softmax", (scale,) * classes, tuple((bias - bias.mean()).tolist()))


def _newton(derivatives: Derivatives, start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minimum of a convex loss; a step that does not lower it is halved."""
    at = start
    loss, gradient, curvature = derivatives(at)
    for _ in range(STEPS):
        step = np.linalg.solve(curvature + RIDGE * np.eye(len(at)), gradient)
        size = 1.0
        while size > CONVERGED and not (trial := derivatives(at - size * step))[0] <= loss:
            size /= 2
        if size <= CONVERGED:
            break
        at = at - size * step
        improved = loss - trial[0]
        loss, gradient, curvature = trial
        if improved < CONVERGED**1.5:
            break
    return at


def expected_calibration_error(
    probability: NDArray[np.floating],
    truth: NDArray[np.bool_],
    bins: int = 15,
    by: Bins = "width",
) -> float:
    """Mean over bins of |mean probability - share of signal|, weighted by their tracks.

    Arguments:
        probability: Shape (N,).
        truth: Shape (N,).
        bins: Their number.
        by: Bins of equal `width` in probability, as in Guo et al., or of equal `mass`.
    """
    mean, share, tracks = reliability(probability, truth, bins, by)
    return float(np.sum(tracks * np.abs(mean - share)) / tracks.sum())


def reliability(
    probability: NDArray[np.floating],
    truth: NDArray[np.bool_],
    bins: int = 15,
    by: Bins = "width",
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean probability, share of signal and number of tracks in every bin that is not empty."""
    values = np.asarray(probability, np.float64)
    if by == "width":
        where = np.clip((values * bins).astype(np.int64), 0, bins - 1)
    else:
        rank = np.argsort(np.argsort(values, kind="stable"), kind="stable")
        where = rank * bins // max(len(values), 1)
    tracks = np.bincount(where, minlength=bins)
    filled = tracks > 0
    mean = np.bincount(where, values, bins)[filled] / tracks[filled]
    share = np.bincount(where, truth, bins)[filled] / tracks[filled]
    return mean, share, tracks[filled]
