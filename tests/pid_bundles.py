"""Untrained classifiers of every kind, ready for export, and toy tracks to prove them on."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from toy_tracks import toy_tracks

from pid import scaler
from pid.calibration import Calibration
from pid.columns import MODEL
from pid.cuts import DetectorLimits
from pid.export.o2physics import write_bundle
from pid.export.trained import Fitted, Predictor, signed
from pid.features46 import FEATURES46
from pid.io.bundle import WorkingPoints
from pid.io.contract import Contract
from pid.models.feature_set import FeatureSetClassifier
from pid.models.mlp import MlpClassifier
from pid.models.output import Output
from pid.models.trees import LEAF, Forest
from pid.scaler import Scaler
from pid.species import CLASSES, TARGETS
from pid.tracks import Tracks
from pid.working_point import WorkingPoint

TARGETS_TOY = (211, -321, -11)
"""Species of one-vs-rest toys; fewer than all, so that tests are quick."""
FEATURES = tuple(f.name for f in FEATURES46 if f.group != "mask" and not f.name.startswith("has"))
"""The columns of the 46-float contract that are measurements."""


def toy_forest(
    features: int, targets: int, output: Output, trees: int = 20, depth: int = 4, seed: int = 1
) -> Forest:
    """Complete binary trees of random questions and answers."""
    rng = np.random.default_rng(seed)
    inner, size = 2**depth - 1, 2 ** (depth + 1) - 1
    local = np.arange(size)
    leaf = local >= inner
    start = np.repeat(np.arange(trees) * size, size)
    place, ends = np.tile(local, trees), np.tile(leaf, trees)
    return Forest(
        feature=np.where(ends, LEAF, rng.integers(features, size=len(place))).astype(np.int32),
        threshold=rng.normal(size=len(place)).astype(np.float32),
        left=(start + np.where(ends, place, 2 * place + 1)).astype(np.int32),
        right=(start + np.where(ends, place, 2 * place + 2)).astype(np.int32),
        missing_left=rng.random(len(place)) < 0.5,
        value=np.where(ends, rng.normal(size=len(place)), 0.0),
        root=(np.arange(trees) * size).astype(np.int32),
        target=(np.arange(trees) % targets).astype(np.int32),
        base=rng.normal(size=targets),
        features=features,
        output=output,
    )


def trained(
    kind: str, tracks: Tracks, seed: int = 0, columns: tuple[str, ...] = MODEL
) -> Predictor:
    """An untrained classifier: `feature set`, `mlp`, `classes`, `trees` or `tree classes`."""
    fitted = scaler.fit(tracks, columns)
    count = len(columns)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if kind == "feature set":
            model: torch.nn.Module | Forest = FeatureSetClassifier(
                count, len(TARGETS_TOY), width=8, embedding_hidden=16, feed_forward=16
            )
        elif kind == "mlp":
            model = MlpClassifier(count, len(TARGETS_TOY), hidden=(16, 8))
        elif kind == "classes":
            model = FeatureSetClassifier(
                count, len(CLASSES), "multi_class", width=8, embedding_hidden=16, feed_forward=16
            )
        else:
            one = kind == "trees"
            targets: int = len(TARGETS_TOY) if one else len(CLASSES)
            model = toy_forest(count, targets, "one_vs_rest" if one else "multi_class")
    output: Output = "multi_class" if "classes" in kind else "one_vs_rest"
    record = {"data_kind": "toy", "seed": seed}
    return Predictor(kind, model, output, fitted, DetectorLimits(), seed, TARGETS_TOY, record)


def toy_fitted(kind: str, count: int = 400, columns: tuple[str, ...] = MODEL) -> Fitted:
    """With a calibration by hand, as nothing untrained can be calibrated, and median thresholds."""
    tracks = signed_tracks(count, columns=columns)
    found = trained(kind, tracks, columns=columns)
    classes = found.output == "multi_class"
    steps = np.linspace(0, 1, len(CLASSES) if classes else len(TARGETS_TOY))
    scales = np.full(len(steps), 1.5) if classes else 1.5 - steps
    given = Calibration(
        "softmax" if classes else "sigmoid", tuple(scales.tolist()), tuple((steps - 0.3).tolist())
    )
    scores = TARGETS if classes else TARGETS_TOY
    logits = found.logits(found.scaled(tracks))
    probability = signed(found, given, logits, tracks.column("fSign"), scores)
    medians = [float(np.median(column[column > 0])) for column in probability.T]
    points = {
        pdg: WorkingPoint("f1", None, (0.0, 1.0, 9.0), (cut, cut), (99, 99), (False, False))
        for pdg, cut in zip(scores, medians, strict=True)
    }
    certainty = dict(zip(scores, medians, strict=True))
    return Fitted(found, given, WorkingPoints(certainty, points), scores, count)


def signed_tracks(count: int = 400, seed: int = 1, columns: tuple[str, ...] = MODEL) -> Tracks:
    """Toy tracks whose sign is that of their species."""
    tracks = toy_tracks(count, seed, columns)
    pdg = tracks.truth()
    sign = np.where(np.abs(pdg) == 11, -np.sign(pdg), np.sign(pdg))
    tracks.values[:, tracks.columns.index("fSign")] = sign
    return tracks


def toy_pid_bundle(
    folder: Path,
    kind: str = "feature set",
    contract: Contract = "pidml",
    columns: tuple[str, ...] = MODEL,
) -> Path:
    """A bundle of an untrained classifier."""
    fitted = toy_fitted(kind, columns=columns)
    write_bundle(fitted, folder, contract, signed_tracks(60, 2, columns))
    return folder


def features46_tracks(count: int = 120, seed: int = 3) -> Tracks:
    """Random tracks of the 46-float schema, with NaN for all of a missing detector."""
    rng = np.random.default_rng(seed)
    names = tuple(f.name for f in FEATURES46)
    values = rng.normal(size=(count, len(names))).astype(np.float32)
    values[:, names.index("p")] = rng.uniform(0.2, 3, count)
    turn = np.arange(count)
    absent = {"TRD": turn % 2 == 1, "TOF": turn % 4 >= 2, "EMCal": turn % 3 > 0, "HMPID": turn > 9}
    for place, feature in enumerate(FEATURES46):
        detector = feature.name[4:] if feature.group == "mask" else feature.group
        missing: NDArray[np.bool_] = absent.get(detector, np.zeros(count, np.bool_))
        if feature.group == "mask" or feature.name.startswith("has"):
            values[:, place] = ~missing
        else:
            values[missing, place] = np.nan
    pdg = np.array(TARGETS, np.int32)[rng.integers(len(TARGETS), size=count)]
    return Tracks((*names, "sign"), _with_sign(values, pdg), turn, pdg, np.ones(count, np.bool_))


def _with_sign(values: NDArray[np.float32], pdg: NDArray[np.int32]) -> NDArray[np.float32]:
    sign = np.where(np.abs(pdg) == 11, -np.sign(pdg), np.sign(pdg)).astype(np.float32)
    return np.column_stack([values, sign])


def features46_trained(tracks: Tracks) -> Predictor:
    """An untrained four-class network on the measurements of the 46 floats."""
    values = tracks.take(FEATURES).astype(np.float64)
    fitted = Scaler(FEATURES, np.nanmean(values, axis=0), np.nanstd(values, axis=0))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        model = FeatureSetClassifier(
            len(FEATURES), len(CLASSES), "multi_class", width=8, embedding_hidden=16
        )
    return Predictor("four classes", model, "multi_class", fitted, targets=())
