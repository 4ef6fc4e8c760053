"""Bayesian identification: likelihoods of TPC and TOF times the abundance of each species.

Source: ALICE Collaboration, https://arxiv.org/abs/1602.01392.

Axis key: N tracks, M momentum bins, 4 classes in the order of `CLASSES`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detcore.config import Settings
from pid.models.deviations import Deviations, ResponseSettings, deviations
from pid.species import CLASSES, class_of
from pid.tracks import Tracks

FARTHEST = 38.0
"""Deviations beyond it count as it, so that no likelihood underflows."""


class BayesianSettings(Settings):
    """What is assumed beyond the response.

    Attributes:
        mismatch: Share of TOF hits that belong to another particle.
        mismatch_width: Interval of velocity over which these spread evenly.
        edges: Edges of the momentum bins of the abundances, GeV/c; the outer bins are open.
    """

    mismatch: float = 0.03
    mismatch_width: float = 1.0
    edges: tuple[float, ...] = (0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0, 5.0)


@dataclass(frozen=True)
class Abundances:
    """Shares of the classes in bins of momentum.

    Attributes:
        edges: GeV/c, shape (M - 1,); the outer bins are open.
        share: Each row adds up to 1, shape (M, 4).
    """

    edges: NDArray[np.float64]
    share: NDArray[np.float64]

    def of(self, momentum: NDArray[np.floating]) -> NDArray[np.float64]:
        """Shares at momenta in GeV/c, shape (N, 4)."""
        shares: NDArray[np.float64] = self.share[np.digitize(momentum, self.edges)]
        return shares


def abundances(tracks: Tracks, settings: BayesianSettings) -> Abundances:
    """Shares among labelled training tracks, each class counted once more than it was seen.

    Raises:
        ValueError: If the tracks have no true species.
    """
    edges = np.array(settings.edges)
    classes = class_of(tracks.truth())
    known = classes >= 0
    bins = np.digitize(tracks.column("fP")[known], edges)
    counts = np.ones((len(edges) + 1, len(CLASSES)))
    np.add.at(counts, (bins, classes[known]), 1)
    return Abundances(edges, counts / counts.sum(axis=1, keepdims=True))


def log_likelihoods(found: Deviations, settings: BayesianSettings) -> NDArray[np.float64]:
    """Logarithm of the probability density of what was measured, shape (N, 4); 0 for a missing one.

    The TPC signal is Gaussian; the velocity is Gaussian for a true hit and flat for a mismatch.
    """
    hit = np.log1p(-settings.mismatch) + _log_gauss(found.tof, found.tof_spread)
    flat = settings.mismatch / settings.mismatch_width
    tof = np.logaddexp(hit, np.log(flat)) if flat else hit
    tpc = _log_gauss(found.tpc, found.tpc_spread)
    return np.where(np.isnan(found.tpc), 0, tpc) + np.where(np.isnan(found.tof), 0, tof)


def _log_gauss(deviation: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the density of a signal, shape (N, 4); any number where it is missing."""
    near = np.clip(np.nan_to_num(deviation), -FARTHEST, FARTHEST)
    width = np.where(np.isnan(deviation), 1, spread)
    density: NDArray[np.float64] = -0.5 * near**2 - np.log(np.sqrt(2 * np.pi) * width)
    return density


def probabilities(
    tracks: Tracks,
    priors: Abundances,
    settings: BayesianSettings | None = None,
    response: ResponseSettings | None = None,
) -> NDArray[np.float64]:
    """Probability of each class, shape (N, 4); rows add up to 1.

    Arguments:
        tracks: As `deviations` needs them.
        priors: Shares of the classes.
        settings: Of mismatches; none: the defaults.
        response: The assumed resolutions; none: the defaults.

    Raises:
        ValueError: If a column is absent.
    """
    found = deviations(tracks, response or ResponseSettings())
    log = log_likelihoods(found, settings or BayesianSettings())
    log += np.log(priors.of(tracks.column("fP")))
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = weight / weight.sum(axis=1, keepdims=True)
    return shares
