"""Networks as O2Physics runs them: from a contract's floats to calibrated probabilities.

Axis key: B tracks, I floats of the contract, F features of the classifier, T logits, S scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pid.calibration import Activation, Calibration
from pid.columns import COLUMNS, PATTERN_BITS
from pid.cuts import TOF_LIMITED, TRD_LIMITED, DetectorLimits
from pid.features46 import BY_NAME
from pid.scaler import Scaler
from pid.species import CLASSES, charge_of

INPUT, OUTPUT = "input", "output"
"""Names of the tensors of every graph."""

SIGN = "fSign"
MASKS = {"TPC": "maskTPC", "TOF": "maskTOF", "TRD": "maskTRD", "ITS": "maskITS"}
MASKS |= {"EMCal": "maskEMCal", "HMPID": "maskHMPID"}
NEVER = -np.inf


@dataclass(frozen=True)
class Column:
    """Which logit answers for a species, and which charge its tracks must have.

    Arguments:
        logit: Index among the T logits.
        charge: +1 or -1 where the classes do not tell the charge, else None.
    """

    logit: int
    charge: int | None


def column_of(pdg: int, activation: Activation, targets: Sequence[int]) -> Column:
    """Where the score of a species comes from.

    A softmax over the four classes knows no charge: a track of the other sign scores 0.

    Raises:
        ValueError: If the classifier has no logit for it.
    """
    if activation == "sigmoid" and pdg in targets:
        return Column(list(targets).index(pdg), None)
    codes = [species.pdg for species in CLASSES]
    if activation == "softmax" and abs(pdg) in codes:
        return Column(codes.index(abs(pdg)), int(charge_of(np.array(pdg))))
    raise ValueError(f"the classifier gives no score for PDG code {pdg}")


class Calibrated(nn.Module):
    """A classifier's logits as calibrated probabilities, shape (B, T)."""

    scale: Tensor
    bias: Tensor

    def __init__(self, classifier: nn.Module, calibration: Calibration) -> None:
        super().__init__()
        self.classifier = classifier
        self.activation = calibration.activation
        self.register_buffer("scale", torch.tensor(calibration.scale))
        self.register_buffer("bias", torch.tensor(calibration.bias))

    def forward(self, values: Tensor) -> Tensor:
        """Probabilities of scaled values, shape (B, F)."""
        logits: Tensor = self.classifier(values) * self.scale + self.bias
        return logits.sigmoid() if self.activation == "sigmoid" else logits.softmax(dim=1)


class OneScore(nn.Module):
    """The probability of one species, shape (B, 1), as PIDML reads it.

    Arguments:
        classifier: Scaled values (B, F) to logits (B, T).
        calibration: Of the logits.
        column: Where the score comes from.
        sign: Index of the charge among the features; needed if the column names a charge.
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self, classifier: nn.Module, calibration: Calibration, column: Column, sign: int | None
    ) -> None:
        super().__init__()
        if column.charge is not None and sign is None:
            raise ValueError(f"a score of one charge needs the column {SIGN}")
        self.column, self.sign = column, sign
        self.calibrated = Calibrated(classifier, calibration)
        chosen = np.zeros((len(calibration.scale), 1), np.float32)
        chosen[column.logit] = calibration.scale[column.logit]
        self.register_buffer("weight", torch.from_numpy(chosen))
        self.register_buffer("bias", torch.tensor([calibration.bias[column.logit]]))

    def forward(self, values: Tensor) -> Tensor:
        """The score of scaled values, shape (B, F)."""
        if self.column.charge is None:
            # One matrix product chooses the logit, scales and shifts it.
            logits = self.calibrated.classifier(values)
            return torch.addmm(self.bias, logits, self.weight).sigmoid()
        number, sign = self.column.logit, self.sign
        assert sign is not None, "checked above"
        score = self.calibrated(values)[:, number : number + 1]
        right = values[:, sign : sign + 1] * self.column.charge > 0
        return torch.where(right, score, torch.zeros_like(score))


class Prepared(nn.Module):
    """A contract's raw floats (B, I) to scaled values with NaN (B, F).

    Blanks what the contract's flags call missing and, below the limits on p, TOF and TRD. Of the
    producer's columns, which no flag comes with, one that holds a sentinel of `Column.missing`
    blanks all of its detector, as `pid.columns.blanked` does before a training.

    Arguments:
        inputs: Names of the contract's floats.
        scaler: Its columns are the classifier's features.
        limits: On p.
        momentum: Name of p among the inputs.
    """

    chosen: Tensor
    flag: Tensor
    gate: Tensor
    limit: Tensor
    mean: Tensor
    std: Tensor
    sentinel: Tensor
    together: Tensor

    def __init__(
        self, inputs: Sequence[str], scaler: Scaler, limits: DetectorLimits, momentum: str
    ) -> None:
        super().__init__()
        place = {name: index for index, name in enumerate(inputs)}
        absent = [name for name in scaler.columns if name not in place]
        if absent:
            raise ValueError(f"the contract has no input {', '.join(absent)}")
        flags = [_flag(name) for name in scaler.columns]
        self.momentum = place[momentum]
        self._keep("chosen", np.array([place[name] for name in scaler.columns]))
        self._keep("flag", np.array([place.get(flag, 0) for flag in flags]))
        gates = [0.5 if flag in place else NEVER for flag in flags]
        self._keep("gate", np.array(gates, np.float32))
        limited = [_limit(name, limits) for name in scaler.columns]
        self._keep("limit", np.array(limited, np.float32))
        self._keep("mean", scaler.mean.astype(np.float32))
        self._keep("std", scaler.std.astype(np.float32))
        self._keep("sentinel", _sentinels(scaler.columns))
        self._keep("together", _together(scaler.columns))
        self.sentinels = len(self.sentinel)
        flagged = any(flag in place for flag in flags)
        self.plain = not (flagged or self.sentinels) and set(limited) == {0.0}

    def _keep(self, name: str, values: NDArray[np.generic]) -> None:
        self.register_buffer(name, torch.from_numpy(values))

    def forward(self, raw: Tensor) -> Tensor:
        """Scaled values, shape (B, F)."""
        chosen = raw[:, self.chosen]
        scaled: Tensor = (chosen - self.mean) / self.std
        if self.plain:
            return scaled
        below = raw[:, self.momentum : self.momentum + 1] < self.limit
        absent = (raw[:, self.flag] < self.gate) | below
        if self.sentinels:
            absent = absent | self._unmeasured(chosen)
        return torch.where(absent, torch.full_like(scaled, torch.nan), scaled)

    def _unmeasured(self, chosen: Tensor) -> Tensor:
        """Where a detector says in one of its columns that it did not see the track, (B, F)."""
        marks = torch.zeros_like(chosen, dtype=torch.bool)
        for number in range(self.sentinels):
            marks = marks | (chosen == self.sentinel[number])
        # NaN blanks its own column alone: below a limit on p, n-sigma columns are still used.
        return marks.to(chosen.dtype) @ self.together > 0.5


def _sentinels(columns: Sequence[str]) -> NDArray[np.float32]:
    """Values that say "not measured", shape (K, F), with NaN, equal to nothing, for none."""
    missing = [COLUMNS[name].missing if name in COLUMNS else () for name in columns]
    found = np.full((max(map(len, missing), default=0), len(columns)), np.nan, np.float32)
    for place, values in enumerate(missing):
        found[: len(values), place] = values
    return found


def _together(columns: Sequence[str]) -> NDArray[np.float32]:
    """1 where two of the producer's columns are of one detector of the track, shape (F, F)."""
    detector = [COLUMNS[name].detector if name in COLUMNS else "" for name in columns]
    pairs = [[a == b and a in PATTERN_BITS for b in detector] for a in detector]
    return np.array(pairs, np.float32)


def _flag(name: str) -> str:
    """The input that says whether a feature was measured; empty for those always there."""
    return MASKS.get(BY_NAME[name].group, "") if name in BY_NAME else ""


def _limit(name: str, limits: DetectorLimits) -> float:
    """Momentum below which the feature is not used, as the smallest float32 that is not below."""
    group = BY_NAME[name].group if name in BY_NAME else _limited_detector(name)
    limit = {"TOF": limits.tof, "TRD": limits.trd}.get(group, 0.0)
    rounded = np.float32(limit)
    return float(rounded if float(rounded) >= limit else np.nextafter(rounded, np.float32(np.inf)))


def _limited_detector(name: str) -> str:
    return "TOF" if name in TOF_LIMITED else "TRD" if name in TRD_LIMITED else ""


class FromRaw(nn.Module):
    """Raw floats of a contract through `Prepared` and then through a module on scaled values."""

    def __init__(self, prepared: Prepared, then: nn.Module) -> None:
        super().__init__()
        self.prepared, self.then = prepared, then

    def forward(self, raw: Tensor) -> Tensor:
        """What the inner module returns, of raw floats, shape (B, I)."""
        found: Tensor = self.then(self.prepared(raw))
        return found
