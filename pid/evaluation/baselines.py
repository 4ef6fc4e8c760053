"""The cuts that analysts use today, judged as the classifiers are: n-sigma and Bayesian.

Axis key: N tracks, T targets in the order of `TARGETS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pid.models import bayesian, n_sigma
from pid.models.charge import by_charge
from pid.species import TARGETS
from pid.tracks import Tracks
from pid.working_point import WorkingPoint, momentum_of, working_point

Score = Callable[[Tracks], NDArray[np.float64]]


@dataclass(frozen=True)
class Baseline:
    """A classifier that is computed, not trained.

    Arguments:
        name: As tables show it.
        probabilistic: Whether its scores are probabilities.
        score: Of tracks after the limits on p, shape (N, T).
        working_points: Thresholds by PDG code.
    """

    name: str
    probabilistic: bool
    score: Score
    working_points: Mapping[int, WorkingPoint]


def baselines(
    train: Tracks, validation: Tracks, pt_edges: tuple[float, ...]
) -> tuple[Baseline, ...]:
    """Both cuts, with thresholds of the best F1 as the classifiers have them.

    Arguments:
        train: Labelled tracks after the limits on p; the abundances of the Bayesian cut.
        validation: Labelled tracks after the limits on p; the thresholds.
        pt_edges: Edges of the thresholds' bins in pT, GeV/c.

    Raises:
        ValueError: If the tracks have no truth or lack a column.
    """
    priors = bayesian.abundances(train, bayesian.BayesianSettings())

    def shares(tracks: Tracks) -> NDArray[np.float64]:
        found = by_charge(bayesian.probabilities(tracks, priors), tracks.column("fSign"))
        return np.asarray(found, np.float64)

    return (
        _baseline("n-sigma", False, n_sigma.score, validation, pt_edges),
        _baseline("Bayesian", True, shares, validation, pt_edges),
    )


def _baseline(
    name: str, probabilistic: bool, score: Score, validation: Tracks, pt_edges: tuple[float, ...]
) -> Baseline:
    found, truth, pt = score(validation), validation.truth(), momentum_of(validation, "pt")
    points = {
        pdg: working_point(found[:, place], truth == pdg, pt, pt_edges)
        for place, pdg in enumerate(TARGETS)
    }
    return Baseline(name, probabilistic, score, points)
