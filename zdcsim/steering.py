"""Latent numbers that give responses wanted properties.

A generator whose properties are steerable draws K numbers u = A w from its latent w, one for each
property that is asked for; A is its bridge. Both w and u are normal, so w is drawn exactly from its
own law under the condition that u has given values, or lies between given bounds: no optimisation,
and no w that the generator has not learnt.

Axis key: N responses, W latent numbers, K properties with bounds.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter

PROPERTIES = {
    "center_x": "fibres from the lower corner",
    "center_y": "fibres from the lower corner",
    "photon_sum": "photo-electrons",
    "maximum": "photo-electrons",
    "occupancy": "fibres",
}
"""Names and units: centroid, total light, brightest fibre and number of lit fibres."""

SWEEPS = 20
"""Of Gibbs sampling, when more than one property is bounded."""

Bounds = dict[str, tuple[float, float]]
"""Lowest and highest value by property; equal: that value; infinite: open on that side."""


def parsed(texts: list[str]) -> Bounds:
    """Bounds from texts such as `photon_sum=800`, `center_x=19..21` and `maximum=..100`.

    Raises:
        ValueError: If a text names no property, is no number or is upside down, or a property is
            given twice.
    """
    bounds = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in PROPERTIES:
            raise ValueError(
                f"--property {text!r} names no property; expected one of {', '.join(PROPERTIES)}"
            )
        if name in bounds:
            raise ValueError(
                f"--property {name} is given twice; a range is written {name}=low..high"
            )
        bounds[name] = _range(text, value)
    return bounds


def check_possible(bounds: Bounds, calorimeter: Calorimeter) -> None:
    """Refuse what no response of the calorimeter can have.

    Raises:
        ValueError: If a centre lies outside the face, or a number is negative or of more fibres
            than there are.
    """
    most = {
        "center_x": float(calorimeter.nx),
        "center_y": float(calorimeter.ny),
        "occupancy": float(calorimeter.nx * calorimeter.ny),
    }
    for name, (low, high) in bounds.items():
        above = most.get(name, math.inf)
        if high < 0 or low > above or (math.isinf(high) and high == low):
            raise ValueError(
                f"--property {name}: no response of the {calorimeter.name} has {said((low, high))} "
                f"{PROPERTIES[name]}; possible are {said((0, above))}"
            )


def said(bounds: tuple[float, float]) -> str:
    """Bounds in words."""
    low, high = bounds
    if low == high:
        return f"{low:g}"
    if math.isinf(high):
        return f"{low:g} or more"
    return f"{high:g} or less" if math.isinf(low) else f"{low:g} to {high:g}"


def _range(text: str, value: str) -> tuple[float, float]:
    low, dots, high = value.partition("..")
    try:
        found = float(low or "-inf"), float((high if dots else low) or "inf")
    except ValueError:
        found = math.nan, math.nan
    if not (value and found[0] <= found[1]):
        raise ValueError(f"--property {text!r} must be a number, or low..high with low <= high")
    return found


def constrained(
    latent: NDArray[np.floating],
    bridge: NDArray[np.floating],
    low: NDArray[np.floating],
    high: NDArray[np.floating],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Latents drawn from the normal law under low <= bridge @ w <= high, shape (N, W).

    Arguments:
        latent: Drawn from the normal law without condition, shape (N, W).
        bridge: Its rows are independent, shape (K, W).
        low: Shape (N, K); -inf where open.
        high: Shape (N, K), not below `low`; inf where open.
        rng: For the values between bounds; every row takes the same number of its numbers.

    Raises:
        ValueError: If a row of the bridge follows from the others.

    Source:
        Of given values: A. Journel, C. Huijbregts, Mining Geostatistics (1978), conditioning by
        kriging. Between bounds: J. Geweke, Comput. Sci. Stat. 23 (1991) 571, Gibbs sampling.
    """
    covariance = bridge @ bridge.T
    if not np.linalg.cond(covariance) < 1e8:
        raise ValueError("these properties cannot be chosen independently of each other")
    free = latent @ bridge.T
    # All numbers of a row before those of the next, so that rows do not depend on their batch.
    uniform = rng.random((len(free), SWEEPS if len(covariance) > 1 else 1, len(covariance)))
    wanted = _between(np.clip(free, low, high), covariance, low, high, uniform)
    moved = latent + np.linalg.solve(covariance, (wanted - free).T).T @ bridge
    drawn: NDArray[np.float32] = moved.astype(np.float32)
    return drawn


def _between(
    start: NDArray[np.floating],
    covariance: NDArray[np.floating],
    low: NDArray[np.floating],
    high: NDArray[np.floating],
    uniform: NDArray[np.floating],
) -> NDArray[np.floating]:
    precision, values = np.linalg.inv(covariance), start.copy()
    moving = [j for j in range(len(covariance)) if (low[:, j] < high[:, j]).any()]
    for sweep in range(uniform.shape[1]):
        for j in moving:
            spread = 1 / math.sqrt(precision[j, j])
            mean = values[:, j] - values @ precision[:, j] / precision[j, j]
            bounds = (low[:, j] - mean) / spread, (high[:, j] - mean) / spread
            drawn = mean + spread * _truncated(*bounds, uniform[:, sweep, j])
            values[:, j] = np.clip(drawn, low[:, j], high[:, j])
    return values


def _truncated(
    low: NDArray[np.floating], high: NDArray[np.floating], uniform: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Standard normal numbers between bounds, the quantiles of uniform ones; all of shape (N,).

    Bounds above 0 are mirrored, where the distribution function keeps its digits.
    """
    sign = np.where(low > 0, -1.0, 1.0)
    below, above = np.where(low > 0, -high, low), np.where(low > 0, -low, high)
    first, last = _distribution(below), _distribution(above)
    share = first + uniform * (last - first)
    quantile = np.vectorize(NormalDist().inv_cdf)(np.clip(share, 1e-300, 1 - 1e-16))
    drawn: NDArray[np.floating] = sign * np.asarray(quantile)
    return drawn


def _distribution(values: NDArray[np.floating]) -> NDArray[np.floating]:
    tail: NDArray[np.floating] = np.asarray(np.vectorize(math.erfc)(-values / math.sqrt(2))) / 2
    return tail
