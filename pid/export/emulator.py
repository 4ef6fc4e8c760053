"""What O2Physics' PIDML does with a bundle and one track, step by step.

Written from the description of O2's code, apart from the rest of the package: it shares neither
columns nor cuts, scaling or sessions, so that an error in those shows up as a difference.
Arithmetic is in float32, as in C++, and every track is a batch of its own.

Source: O2Physics, Tools/PIDML/pidOnnxModel.h (files, limits, scaling, tensors, exceptions).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

LIMITS = (0.0, 0.5, 0.8)
"""O2's default limits in GeV/c: TPC (unused), TPC + TOF, TPC + TOF + TRD."""
TOF_LABELS = ("fTOFSignal", "fBeta")
TRD_LABELS = ("fTRDSignal", "fTRDPattern")


@dataclass(frozen=True)
class Row:
    """One track of a joined O2 table.

    Arguments:
        persistent: Stored columns by label, such as fTPCSignal.
        p: Momentum in GeV/c.
        has_tof: Whether the track has a TOF hit.
        has_trd: Whether it has a TRD tracklet.
        dynamic: Computed columns by name, without the f: Px.
    """

    persistent: Mapping[str, float]
    p: float
    has_tof: bool
    has_trd: bool
    dynamic: Mapping[str, float] = field(default_factory=dict)

    def value(self, label: str) -> np.float32:
        """The column of a label: a stored one of that name, or a computed one with or without f.

        Raises:
            ValueError: If the table has no such column.
        """
        if label in self.persistent:
            return np.float32(self.persistent[label])
        for name, value in self.dynamic.items():
            if label in (name, f"f{name}"):
                return np.float32(value)
        raise ValueError(f"O2 finds no column {label} in the joined table")


def model_file(pdg: int) -> str:
    """Name of the model of a PDG code; the minus of an antiparticle becomes a 0."""
    return f"attention_model_{'0' + str(-pdg) if pdg < 0 else pdg}.onnx"


class PidOnnxModel:
    """The model of one PDG code, as PidONNXModel loads and applies it.

    Arguments:
        folder: localPath: the model and the two JSON files.
        pdg: PDG code.
        certainty: Score from which on a track is taken for one.
        limits: p in GeV/c for TPC, TOF and TRD.

    Raises:
        ValueError: If O2 would not load the files, or would feed the model wrongly.
    """

    def __init__(
        self,
        folder: Path,
        pdg: int,
        certainty: float = 0.5,
        limits: tuple[float, float, float] = LIMITS,
    ) -> None:
        self.certainty, self.limits = certainty, limits
        columns = _json(folder / "columns_for_training.json")
        scaling = _json(folder / "scaling_params.json")
        self.labels = [str(label) for label in columns["columns_for_training"]]
        self.scaling = {
            str(label): (np.float32(mean), np.float32(std)) for label, mean, std in scaling["data"]
        }
        self.session = _session(folder / model_file(pdg))
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ValueError(
                f"O2 needs one input and one output; the model has {len(inputs)} and {len(outputs)}"
            )
        self.input = inputs[0].name
        self.shape = [1, *inputs[0].shape[1:]]
        sizes = [size for size in self.shape if isinstance(size, int) and size > 0]
        if len(sizes) != len(self.shape) or int(np.prod(sizes)) != len(self.labels):
            raise ValueError(
                f"O2 hands over {len(self.labels)} columns; the model declares {inputs[0].shape}"
            )
        if inputs[0].type != "tensor(float)":
            raise ValueError(f"O2 hands over float32; the model wants {inputs[0].type}")

    def features(self, row: Row) -> NDArray[np.float32]:
        """What O2 puts into the tensor for a track, shape (F,)."""
        tof = row.has_tof and row.p >= self.limits[1]
        trd = row.has_trd and row.p >= self.limits[2]
        values = np.empty(len(self.labels), np.float32)
        for index, label in enumerate(self.labels):
            if (label in TOF_LABELS and not tof) or (label in TRD_LABELS and not trd):
                values[index] = np.nan
                continue
            value = row.value(label)
            if label in self.scaling:
                mean, std = self.scaling[label]
                value = (value - mean) / std
            values[index] = value
        return values

    def apply(self, row: Row) -> float:
        """applyModel: first float of the output; 0 when ONNX Runtime raises, as O2 logs it."""
        tensor = self.features(row).reshape(self.shape)
        try:
            (output,) = self.session.run(None, {self.input: tensor})
        except Exception:  # ONNX Runtime has one exception class for every kind of failure
            return 0.0
        return float(np.ravel(output)[0])

    def accepts(self, row: Row) -> bool:
        """applyModelBoolean: score >= certainty."""
        return self.apply(row) >= self.certainty


def _json(path: Path) -> dict[str, list[Any]]:
    if not path.is_file():
        raise ValueError(f"O2 logs the missing {path.name} and feeds the model nothing")
    found: dict[str, list[Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # ONNX Runtime has one exception class for every kind of failure
        raise ValueError(f"O2 cannot load {path.name}: {problem}") from problem


def row_of(stored: Mapping[str, float], momentum: str = "fP") -> Row:
    """A row of the producer's table as the track that it came from.

    Arguments:
        stored: Its columns; a missing TOF is NaN or -999, a missing TRD pattern NaN or 0.
        momentum: The column of p.
    """
    beta = np.float32(stored.get("fBeta", np.nan))
    pattern = np.float32(stored.get("fTRDPattern", 0))
    has_tof = bool(np.isfinite(beta) and beta != -999)
    has_trd = bool(np.isfinite(pattern) and pattern != 0)
    return Row(stored, float(np.float32(stored[momentum])), has_tof, has_trd)
