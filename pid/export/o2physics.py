"""Exporting a classifier as a bundle for O2Physics: complete and verified, or not at all.

==========  ==========================================  =======================================
contract    files                                       read by
==========  ==========================================  =======================================
pidml       attention_model_<pdg>.onnx, one a species;  Tools/PIDML; scales outside the graph
            columns_for_training, scaling_params
features46  pid_feature_model.onnx, four classes;       Tools/PIDFeatureExtractor; 46 raw floats
            mlresponse_<class>.json
mlresponse  pid_<pdg>.onnx, mlresponse_<pdg>.json       any task with MlResponse; raw columns
==========  ==========================================  =======================================

Axis key: N tracks, F columns.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from detcore import graph
from detcore.bundle import MANIFEST, described, replacing_bundle
from detcore.files import write_text
from detcore.provenance import provenance
from pid.export import forest, task_limits
from pid.export.mlresponse import cuts as mlresponse_cuts
from pid.export.network import (
    INPUT,
    OUTPUT,
    Calibrated,
    FromRaw,
    OneScore,
    Prepared,
    column_of,
)
from pid.export.reference import all_patterns
from pid.export.trained import Fitted, sign_of
from pid.export.verification import Verification, expected, stored, verify
from pid.features46 import BY_NAME, FEATURES46
from pid.io.bundle import (
    FORMAT,
    FORMAT_VERSION,
    FOUR_CLASSES,
    WORKING_POINTS,
    model_file,
    write_scaling,
    write_working_points,
)
from pid.io.contract import Contract
from pid.models.trees import Forest
from pid.species import CLASSES, model_label
from pid.tracks import Tracks, joined

LICENCE = "Apache-2.0"
MISSING: Final[Mapping[Contract, str]] = {
    "pidml": "NaN",
    "features46": "NaN",
    "mlresponse": "NaN, or what O2's tables hold instead (-999, and 0 of TRD pattern and signals)",
}
"""How a graph is told that a detector did not see the track."""
Metadata = Mapping[str, object]


def write_bundle(
    fitted: Fitted, out_dir: Path, contract: Contract, reference: Tracks
) -> Verification:
    """Write a bundle after proving that O2Physics would read from it what Python computes.

    It is built in a folder beside `out_dir` and takes its place only when the proof succeeds, so a
    bundle that stands there already stays when it does not.

    Arguments:
        fitted: The classifier with calibration and thresholds.
        out_dir: The bundle's folder; an existing bundle is replaced.
        contract: Who will read it.
        reference: Tracks to prove it on, at least one.

    Raises:
        ValueError: If the contract cannot hold the classifier, O2Physics would read something else
            than Python computes, or `out_dir` holds something that is not a bundle.
    """
    _check(fitted, contract)
    tracks = all_patterns(reference, fitted.trained.limits)
    with replacing_bundle(out_dir, [FORMAT]) as partial:
        metadata = _metadata(fitted, contract)
        _write_models(partial, fitted, contract, metadata)
        write_working_points(partial / WORKING_POINTS, fitted.working_points)
        result = _prove(partial, fitted, contract, tracks)
        names = sorted(path.name for path in partial.iterdir())
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            **metadata,
            "files": described(partial, names),
            "verification": asdict(result),
        }
        write_text(partial / MANIFEST, json.dumps(manifest, indent=1) + "\n")
    return result


def _check(fitted: Fitted, contract: Contract) -> None:
    trained = fitted.trained
    if contract == "features46":
        foreign = [name for name in trained.scaler.columns if name not in BY_NAME]
        if foreign or trained.output != "multi_class" or isinstance(trained.model, Forest):
            raise ValueError(
                "the 46-float contract needs a multi-class network on columns of pid_features; "
                f"{trained.name} is {trained.output} with {', '.join(foreign) or 'trees'}; train "
                "configs/pid/features46.yaml"
            )
    elif any(name in BY_NAME for name in trained.scaler.columns):
        raise ValueError(
            f"{trained.name} has columns of pid_features, which {contract} does not know; "
            "export it with the target features46"
        )
    elif isinstance(trained.model, Forest) and contract == "mlresponse":
        raise ValueError("trees are exported for pidml, which scales outside the graph")


def _metadata(fitted: Fitted, contract: Contract) -> dict[str, object]:
    """What the manifest and every graph say."""
    trained = fitted.trained
    trees = isinstance(trained.model, Forest)
    must_set = task_limits.to_set(trained.limits, contract)
    return {
        "contract": contract,
        "classifier": {"name": trained.name, "seed": trained.seed, "output": trained.output},
        "targets": list(fitted.scores),
        "columns": list(inputs(fitted, contract)),
        "missing": f"{MISSING[contract]}; any pattern of TRD and TOF, any batch",
        "scaling": "before the graph" if contract == "pidml" else "inside the graph",
        "limits": asdict(trained.limits),
        **({"o2_task_must_set_limits_gev": dict(must_set)} if must_set else {}),
        "calibration": {**asdict(fitted.calibration), "validation_tracks": fitted.tracks},
        "onnx": {
            "opset": graph.OPSET,
            "ir_version": graph.IR_VERSION,
            **({"ai.onnx.ml": forest.OPERATORS["ai.onnx.ml"]} if trees else {}),
        },
        "toolkit": provenance("torch", "onnx", "onnxruntime"),
        "training": dict(trained.record),
        "licence": LICENCE,
    }


def inputs(fitted: Fitted, contract: Contract) -> tuple[str, ...]:
    """Names of a graph's input floats, in order."""
    if contract == "features46":
        return tuple(feature.name for feature in FEATURES46)
    return fitted.trained.scaler.columns


def _write_models(folder: Path, fitted: Fitted, contract: Contract, metadata: Metadata) -> None:
    if contract == "features46":
        _write_four_classes(folder, fitted, metadata)
        return
    for pdg in fitted.scores:
        said = {**metadata, "pdg": pdg, "certainty": fitted.working_points.certainty[pdg]}
        _write_one_score(folder / model_file(contract, pdg), fitted, contract, pdg, said)
    if contract == "pidml":
        write_scaling(folder, fitted.trained.scaler)
        return
    for pdg, point in fitted.working_points.bins.items():
        settings = mlresponse_cuts(point, model_file(contract, pdg), [str(pdg)], 0)
        _write_json(folder / f"mlresponse_{model_label(pdg)}.json", settings)


def _write_one_score(
    path: Path, fitted: Fitted, contract: Contract, pdg: int, metadata: Metadata
) -> None:
    trained = fitted.trained
    column = column_of(pdg, fitted.calibration.activation, trained.targets)
    sign = None if column.charge is None else sign_of(trained.scaler)
    if isinstance(trained.model, Forest):
        made = forest.one_score(trained.model, fitted.calibration, column, sign)
        graph.save(path, made, [INPUT], metadata, forest.OPERATORS)
        return
    network: nn.Module = OneScore(trained.model, fitted.calibration, column, sign)
    if contract == "mlresponse":
        columns = trained.scaler.columns
        network = FromRaw(Prepared(columns, trained.scaler, trained.limits, "fP"), network)
    example = torch.ones(2, len(trained.scaler.columns))
    graph.write(path, network, (example,), [INPUT], OUTPUT, metadata)


def _write_four_classes(folder: Path, fitted: Fitted, metadata: Metadata) -> None:
    trained, names = fitted.trained, inputs(fitted, "features46")
    if isinstance(trained.model, Forest):
        raise TypeError("checked before")
    prepared = Prepared(names, trained.scaler, trained.limits, "p")
    network = FromRaw(prepared, Calibrated(trained.model, fitted.calibration))
    said = {**metadata, "classes": [species.name for species in CLASSES]}
    example = torch.ones(2, len(names))
    graph.write(folder / FOUR_CLASSES, network, (example,), [INPUT], OUTPUT, said)
    for place, (species, point) in enumerate(zip(CLASSES, fitted.classes, strict=True)):
        classes = [f"prob {each.name}" for each in CLASSES]
        settings = mlresponse_cuts(point, FOUR_CLASSES, classes, place)
        _write_json(folder / f"mlresponse_{species.name}.json", settings)


def _write_json(path: Path, value: object) -> None:
    write_text(path, json.dumps(value, indent=1) + "\n")


def _prove(folder: Path, fitted: Fitted, contract: Contract, tracks: Tracks) -> Verification:
    trained = fitted.trained
    if contract == "features46":
        raw = tracks.take(inputs(fitted, contract))
        wanted = fitted.calibration.probability(trained.logits(trained.scaled(tracks)))
        return verify(folder, fitted, contract, _as_written(raw), tracks, wanted)
    wanted = expected(fitted, tracks)
    if contract == "pidml":
        return verify(folder, fitted, contract, trained.scaled(tracks), tracks, wanted)
    columns = trained.scaler.columns
    raw = np.concatenate([tracks.take(columns), stored(tracks, columns)])
    twice = joined([tracks, tracks])
    return verify(folder, fitted, contract, raw, twice, np.concatenate([wanted, wanted]))


def _as_written(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """The 46 floats as O2 fills them: counts of a missing detector are 0."""
    counts = np.array([feature.count for feature in FEATURES46])
    filled: NDArray[np.float32] = np.where(np.isnan(raw) & counts, np.float32(0), raw)
    return filled
