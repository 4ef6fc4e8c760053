"""A bundle: the folder of files that O2Physics needs to identify particles, and its manifest.

Reading and running a bundle needs numpy and ONNX Runtime, not torch.

Axis key: F columns, T targets.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import onnxruntime
from pydantic import TypeAdapter, ValidationError

from detcore.bundle import MANIFEST, check_file
from detcore.bundle import read_manifest as read_any_manifest
from detcore.files import sha256, write_text
from detcore.session import session
from pid.cuts import DetectorLimits
from pid.io.contract import Contract
from pid.scaler import Scaler
from pid.species import model_label
from pid.working_point import WorkingPoint

FORMAT = "pid bundle for O2Physics"
FORMAT_VERSION = 1
COLUMNS, SCALING = "columns_for_training.json", "scaling_params.json"
WORKING_POINTS = "working_points.json"
FOUR_CLASSES = "pid_feature_model.onnx"


@dataclass(frozen=True)
class WorkingPoints:
    """Thresholds that were chosen on validation tracks.

    Arguments:
        certainty: One threshold for all momenta by PDG code, for PIDML, which has no bins.
        bins: Thresholds in bins of momentum by PDG code.
    """

    certainty: Mapping[int, float]
    bins: Mapping[int, WorkingPoint]


@dataclass(frozen=True)
class Bundle:
    """An opened bundle.

    Arguments:
        path: Its folder.
        sha256: Digest of the manifest, which holds the digests of all other files.
        contract: Who reads it: O2's PIDML scales outside the graphs, the others inside.
        columns: Of a model's input, in order, F.
        scaler: What scales them before the graph; nothing for the other contracts.
        limits: On p for TOF and TRD.
        targets: PDG codes, in the order of the scores, T.
        sessions: By file name.
        working_points: Thresholds.
        manifest: As read.
    """

    path: Path
    sha256: str
    contract: Contract
    columns: tuple[str, ...]
    scaler: Scaler
    limits: DetectorLimits
    targets: tuple[int, ...]
    sessions: Mapping[str, onnxruntime.InferenceSession]
    working_points: WorkingPoints
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Of the classifier, as tables show it."""
        return str(self.manifest["classifier"]["name"])

    @property
    def seed(self) -> int | None:
        """Of its training."""
        seed = self.manifest["classifier"].get("seed")
        return None if seed is None else int(seed)


def model_file(contract: Contract, pdg: int) -> str:
    """Name of the model that scores a species."""
    if contract == "features46":
        return FOUR_CLASSES
    prefix = "attention_model" if contract == "pidml" else "pid"
    return f"{prefix}_{model_label(pdg)}.onnx"


def read_bundle(path: Path, threads: int = 1) -> Bundle:
    """Open a bundle after checking every file against the manifest.

    Arguments:
        path: The bundle's folder.
        threads: Threads of ONNX Runtime.

    Raises:
        ValueError: If the folder is not a bundle, or a file is missing or changed.
    """
    manifest = read_manifest(path)
    for name, file in manifest["files"].items():
        check_file(path / name, file.get("sha256"))
    contract: Contract = manifest["contract"]
    targets = tuple(int(pdg) for pdg in manifest["targets"])
    columns = tuple(manifest["columns"])
    models = dict.fromkeys(model_file(contract, pdg) for pdg in targets)
    return Bundle(
        path=path,
        sha256=sha256(path / MANIFEST),
        contract=contract,
        columns=columns,
        scaler=read_scaling(path / SCALING, columns) if contract == "pidml" else plain(columns),
        limits=DetectorLimits(**manifest["limits"]),
        targets=targets,
        sessions={name: session(path / name, 1, threads) for name in models},
        working_points=read_working_points(path / WORKING_POINTS),
        manifest=manifest,
    )


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of the bundle in folder `path`.

    Raises:
        ValueError: If there is none that this version can read.
    """
    manifest = read_any_manifest(path, (FORMAT,), FORMAT_VERSION)
    needed = ("contract", "classifier", "targets", "columns", "limits", "files")
    absent = [key for key in needed if key not in manifest]
    if absent or manifest["contract"] not in get_args(Contract):
        raise ValueError(
            f"{path / MANIFEST} is incomplete: it needs {', '.join(absent) or 'a known contract'}; "
            "export the bundle again"
        )
    return manifest


def plain(columns: tuple[str, ...]) -> Scaler:
    """A scaler that leaves values as they are."""
    return Scaler(columns, np.zeros(len(columns)), np.ones(len(columns)))


def write_scaling(folder: Path, scaler: Scaler) -> None:
    """Write the two JSON files of PIDML: columns in the model's order, and what scales them.

    Columns that are not scaled are left out of the second, as O2 then takes them as they are.
    """
    scaled = [
        [name, float(np.float32(mean)), float(np.float32(std))]
        for name, mean, std in zip(scaler.columns, scaler.mean, scaler.std, strict=True)
        if (mean, std) != (0.0, 1.0)
    ]
    table = {
        "columns": ["column", "mean", "std"],
        "index": list(range(len(scaled))),
        "data": scaled,
    }
    write_text(folder / COLUMNS, _text({"columns_for_training": list(scaler.columns)}))
    write_text(folder / SCALING, _text(table))


def read_scaling(path: Path, columns: tuple[str, ...]) -> Scaler:
    """The scaler of a PIDML scaling file; columns that it does not name are not scaled.

    Raises:
        ValueError: If it is not such a file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))["data"]
        found = {str(label): (float(mean), float(std)) for label, mean, std in data}
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"{path} must hold data as [label, mean, std]: {problem}") from None
    pairs = [found.get(name, (0.0, 1.0)) for name in columns]
    return Scaler(columns, np.array([mean for mean, _ in pairs]), np.array([s for _, s in pairs]))


def write_working_points(path: Path, points: WorkingPoints) -> None:
    """Write thresholds as JSON."""
    write_text(path, TypeAdapter(WorkingPoints).dump_json(points, indent=1).decode() + "\n")


def read_working_points(path: Path) -> WorkingPoints:
    """The thresholds that `write_working_points` wrote.

    Raises:
        ValueError: If the file holds none.
    """
    try:
        return TypeAdapter(WorkingPoints).validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as problem:
        raise ValueError(f"{path} holds no working points: {problem}") from None


def _text(value: object) -> str:
    return json.dumps(value, indent=1) + "\n"
