"""A trained classifier of any family, and what is fitted to it on validation tracks.

Axis key: N tracks, F features, T logits, S scores.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pid import calibration, cuts
from pid.calibration import Activation, Calibration
from pid.cuts import DetectorLimits
from pid.export.network import column_of
from pid.features46 import SIGN
from pid.io.bundle import WorkingPoints
from pid.models.output import Output
from pid.models.trees import Forest
from pid.scaler import Scaler
from pid.species import TARGETS, class_of
from pid.tracks import Tracks
from pid.working_point import Goal, WorkingPoint, curve, momentum_of, threshold, working_point

ACTIVATION: Final[Mapping[Output, Activation]] = {
    "one_vs_rest": "sigmoid",
    "multi_class": "softmax",
}
CHUNK = 8192


@dataclass(frozen=True)
class Predictor:
    """What a training leaves.

    Arguments:
        name: Of the classifier, as tables show it.
        model: Scaled values (N, F) to logits (N, T), a network or trees.
        output: What the logits mean.
        scaler: Fitted on training tracks; its columns are the features.
        limits: On p, as in the training.
        seed: Of the training.
        targets: PDG codes of one-vs-rest logits, in order.
        record: How it came about; JSON values.
    """

    name: str
    model: nn.Module | Forest
    output: Output
    scaler: Scaler
    limits: DetectorLimits = field(default_factory=DetectorLimits)
    seed: int | None = None
    targets: tuple[int, ...] = TARGETS
    record: Mapping[str, object] = field(default_factory=dict)

    def logits(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Logits of scaled values (N, F), shape (N, T)."""
        if isinstance(self.model, Forest):
            return self.model.logits(values)
        network = copy.deepcopy(self.model).cpu().float().eval()
        with torch.no_grad():
            chunks = torch.split(torch.from_numpy(values), CHUNK)
            found = torch.cat([network(part) for part in chunks]).double().numpy()
        return np.asarray(found)

    def scaled(self, tracks: Tracks) -> NDArray[np.float32]:
        """Limits and scaling applied, shape (N, F)."""
        return self.scaler.apply(cuts.apply(tracks, self.limits).take(self.scaler.columns))


@dataclass(frozen=True)
class WorkingPointSettings:
    """How thresholds are chosen.

    Arguments:
        goal: Best F1, or a wanted purity or efficiency.
        wanted: The wanted value; None for F1.
        pt_edges: Edges of the bins, GeV/c.
        fewest: Signal tracks that a bin needs for a threshold of its own.
    """

    goal: Goal = "f1"
    wanted: float | None = None
    pt_edges: tuple[float, ...] = (0.1, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 5.0, 20.0)
    fewest: int = 50


@dataclass(frozen=True)
class Fitted:
    """A classifier ready for export.

    Arguments:
        trained: The classifier.
        calibration: Of its logits.
        working_points: Thresholds on its calibrated scores.
        scores: PDG codes of its scores, S.
        tracks: Validation tracks that both were fitted on.
        classes: Thresholds of the four classes in the order of CLASSES, each for both charges, as
            the four-class contract selects; empty for one-vs-rest.
    """

    trained: Predictor
    calibration: Calibration
    working_points: WorkingPoints
    scores: tuple[int, ...]
    tracks: int
    classes: tuple[WorkingPoint, ...] = ()


def fit(
    trained: Predictor, validation: Tracks, settings: WorkingPointSettings | None = None
) -> Fitted:
    """Calibrate and choose thresholds on validation tracks.

    Arguments:
        trained: The classifier.
        validation: Tracks with truth that did not train it and will not test it.
        settings: Of the thresholds.

    Raises:
        ValueError: If a species has too few tracks to fit on.
    """
    chosen = settings or WorkingPointSettings()
    values, pdg = trained.scaled(validation), validation.truth()
    logits = trained.logits(values)
    fitted = _calibration(trained, logits, pdg)
    scores = trained.targets if fitted.activation == "sigmoid" else TARGETS
    found = signed(trained, fitted, logits, sign_column(validation), scores)
    pt = momentum_of(validation, "pt")
    points, certainty = {}, {}
    for place, code in enumerate(scores):
        score, truth = found[:, place], pdg == code
        points[code] = working_point(
            score, truth, pt, chosen.pt_edges, chosen.goal, chosen.wanted, chosen.fewest
        )
        certainty[code] = threshold(curve(score, truth), chosen.goal, chosen.wanted)
    working_points = WorkingPoints(certainty, points)
    return Fitted(
        trained, fitted, working_points, scores, len(validation),
        _classes(fitted, logits, pdg, pt, chosen),
    )  # fmt: skip


def _classes(
    fitted: Calibration,
    logits: NDArray[np.float64],
    pdg: NDArray[np.int32],
    pt: NDArray[np.float32],
    chosen: WorkingPointSettings,
) -> tuple[WorkingPoint, ...]:
    if fitted.activation == "sigmoid":
        return ()
    probability, kind = fitted.probability(logits), class_of(pdg)
    return tuple(
        working_point(
            probability[:, place], kind == place, pt, chosen.pt_edges, chosen.goal, chosen.wanted,
            chosen.fewest,
        )
        for place in range(probability.shape[1])
    )  # fmt: skip


def _calibration(
    trained: Predictor, logits: NDArray[np.float64], pdg: NDArray[np.int32]
) -> Calibration:
    activation = ACTIVATION[trained.output]
    if activation == "sigmoid":
        return calibration.fit(activation, logits, pdg[:, None] == np.array(trained.targets))
    kind = class_of(pdg)
    known = kind >= 0
    return calibration.fit(
        activation, logits[known], kind[known, None] == np.arange(logits.shape[1])
    )


def signed(
    trained: Predictor,
    fitted: Calibration,
    logits: NDArray[np.float64],
    sign: NDArray[np.float32],
    scores: tuple[int, ...],
) -> NDArray[np.float64]:
    """Calibrated scores of signed species, shape (N, S).

    Arguments:
        trained: The classifier.
        fitted: Its calibration.
        logits: Shape (N, T).
        sign: Charge of the tracks, shape (N,).
        scores: PDG codes, S.
    """
    probability = fitted.probability(logits)
    found = np.empty((len(logits), len(scores)))
    for place, pdg in enumerate(scores):
        column = column_of(pdg, fitted.activation, trained.targets)
        found[:, place] = probability[:, column.logit]
        if column.charge is not None:
            found[~(sign * column.charge > 0), place] = 0.0
    return found


def sign_column(tracks: Tracks) -> NDArray[np.float32]:
    """Charge of tracks of either schema, shape (N,)."""
    return tracks.column("fSign" if "fSign" in tracks.columns else SIGN)


def sign_of(scaler: Scaler) -> int:
    """Index of the charge among the features.

    Raises:
        ValueError: If it is not among them.
    """
    if "fSign" not in scaler.columns:
        raise ValueError("scores of classes become those of signed species by the column fSign")
    return scaler.columns.index("fSign")
