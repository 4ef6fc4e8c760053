"""How well a trained classifier tells generated responses from the Monte Carlo.

A perfect generator leaves it guessing: area under the ROC curve 0.5, Jensen-Shannon divergence 0.
All copies of a particle, generated and simulated, are on one side of the training, so that no
classifier recognises a particle instead of a generator. Every response is scored by a classifier
that did not train on it.

`features`: gradient-boosted trees on channel sums, features and conditions. `fibres`: a network of
two dense layers on the logarithms of all fibres and the conditions.

Axis key: N responses, F inputs.

Source: CaloChallenge, https://arxiv.org/abs/2410.21611, section 4 (high- and low-level classifiers,
divergence after calibration). The classifiers are smaller than theirs, two layers of 2 048 trained
for 50 epochs on 60 % of the sample: our samples are of some thousand responses. What ours find is
measured by `benchmarks/classifier_sensitivity.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Level = Literal["features", "fibres"]
FOLDS = 5


@dataclass(frozen=True)
class Told:
    """What the classifier found.

    Arguments:
        auc: Area under the ROC curve, over all folds together.
        divergence: Jensen-Shannon, in bits, of the calibrated scores; by chance below 0.
    """

    auc: float
    divergence: float


def told_apart(
    generated: NDArray[np.float32],
    reference: NDArray[np.float32],
    particles: tuple[NDArray[np.integer], NDArray[np.integer]],
    level: Level,
    seed: int = 1,
) -> Told:
    """Train classifiers and judge them on what they have not seen.

    Arguments:
        generated: Inputs, shape (N, F).
        reference: Inputs of the Monte Carlo, shape (M, F).
        particles: Particle of every row of either, shapes (N,) and (M,).
        level: Which classifier.
        seed: Of folds and classifiers.

    Raises:
        ValueError: If there are fewer particles than folds.
    """
    inputs = np.concatenate([generated, reference])
    truth = np.concatenate([np.zeros(len(generated)), np.ones(len(reference))])
    groups = np.concatenate(particles)
    score = np.empty(len(truth))
    for train, test in folds(groups, seed):
        score[test] = _fitted(level, inputs[train], truth[train], seed, inputs[test])
    # Not sooner: the classifiers say what to install where scikit-learn is absent.
    from sklearn.metrics import roc_auc_score

    return Told(float(roc_auc_score(truth, score)), divergence(score, truth, groups, seed))


def folds(
    groups: NDArray[np.integer], seed: int
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Rows to train on and rows to test on, `FOLDS` times; no group is on both sides.

    Raises:
        ValueError: If there are fewer groups than folds.
    """
    unique, index = np.unique(groups, return_inverse=True)
    if len(unique) < FOLDS:
        raise ValueError(f"{FOLDS} folds need as many particles; the sample has {len(unique)}")
    fold = np.random.default_rng(seed).permutation(len(unique))[index] % FOLDS
    for k in range(FOLDS):
        yield fold != k, fold == k


def _fitted(
    level: Level,
    inputs: NDArray[np.float32],
    truth: NDArray[np.float64],
    seed: int,
    asked: NDArray[np.float32],
) -> NDArray[np.float64]:
    probability: NDArray[np.float64] = (
        _classifier(level, seed).fit(inputs, truth).predict_proba(asked)
    )
    return probability[:, 1]


class Classifier(Protocol):
    """What is used of a classifier of scikit-learn."""

    def fit(self, inputs: NDArray[np.float32], truth: NDArray[np.float64]) -> "Classifier":
        """Train."""

    def predict_proba(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities of truth 0 and 1, shape (N, 2)."""


def _classifier(level: Level, seed: int) -> Classifier:
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.neural_network import MLPClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        raise ValueError(
            "classifiers need scikit-learn, which is not installed; `pip install zdcsim[train]`"
        ) from None
    if level == "features":
        trees: Classifier = HistGradientBoostingClassifier(
            max_iter=100, learning_rate=0.05, early_stopping=False, random_state=seed
        )
        return trees
    dense = MLPClassifier((128, 64), early_stopping=True, max_iter=60, random_state=seed)
    network: Classifier = make_pipeline(StandardScaler(), dense)
    return network


def divergence(
    score: NDArray[np.float64],
    truth: NDArray[np.float64],
    groups: NDArray[np.integer],
    seed: int,
) -> float:
    """Jensen-Shannon divergence in bits, from scores calibrated on other groups.

    With the calibrated probability p of truth 1 and equal weight of both samples it is
    1 + (E_1 log2 p + E_0 log2 (1 - p)) / 2.
    """
    from sklearn.isotonic import IsotonicRegression

    weight = np.where(truth == 1, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))
    probability = np.empty(len(score))
    for train, test in folds(groups, seed + 1):
        curve = IsotonicRegression(y_min=0.01, y_max=0.99, out_of_bounds="clip")
        curve.fit(score[train], truth[train], sample_weight=weight[train])
        probability[test] = curve.predict(score[test])
    gained = np.log2(np.where(truth == 1, probability, 1 - probability))
    return float(1 + np.average(gained, weights=weight))
