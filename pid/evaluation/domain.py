"""How far simulation and data can be told apart by what a classifier says of them.

A gradient-boosted judge learns to tell the domains by the scores of some tracks and is asked about
the others. An AUC of 0.5 means that the scores are alike, 1 that no score is common to both.

Axis key: N simulated tracks, M measured tracks, T scores.

Source: D. Lopez-Paz, M. Oquab, ICLR 2017, arXiv:1610.06545 (classifier two-sample test).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold

from pid.evaluation.ranking import roc_auc
from pid.working_point import curve

FOLDS = 3


@dataclass(frozen=True)
class DomainAuc:
    """AUC of the judge.

    Arguments:
        value: Over all tracks, each judged by a judge that did not learn from it.
        error: Its standard deviation if the domains were alike (Mann-Whitney).
        simulated: Tracks, N.
        measured: Tracks, M.
    """

    value: float
    error: float
    simulated: int
    measured: int


def domain_auc(
    simulated: NDArray[np.floating],
    measured: NDArray[np.floating],
    seed: int = 1,
    most: int = 10_000,
) -> DomainAuc:
    """Tell two samples of scores apart.

    Arguments:
        simulated: Shape (N, T); NaN is allowed.
        measured: Shape (M, T).
        seed: Of the choice of tracks and of the folds.
        most: Tracks taken of each at most; the same number of both.

    Raises:
        ValueError: If one has too few tracks for the folds.
    """
    rng = np.random.default_rng(seed)
    each = min(len(simulated), len(measured), most)
    if each < 10 * FOLDS:
        raise ValueError(
            f"{each} tracks of a domain are too few to tell it apart; {10 * FOLDS} are needed"
        )
    values = np.concatenate(
        [rng.permutation(part)[:each] for part in (simulated, measured)], dtype=np.float64
    )
    truth = np.repeat([False, True], each)
    judged = np.empty(2 * each)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for learn, judge in folds.split(values, truth):
        forest = HistGradientBoostingClassifier(
            max_iter=100, early_stopping=False, random_state=seed
        )
        forest.fit(values[learn], truth[learn])
        judged[judge] = forest.predict_proba(values[judge])[:, 1]
    found = roc_auc(curve(judged, truth))
    assert found is not None, "both domains have tracks"
    return DomainAuc(found, float(np.sqrt((2 * each + 1) / (12 * each * each))), each, each)
