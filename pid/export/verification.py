"""Proof that a bundle read as O2Physics reads it gives what the trained classifier gives.

Detectors are there or missing as a whole in it; of half-measured ones see docs/o2.md.

Three answers to the same tracks are compared: the classifier in Python; the exported graphs in ONNX
Runtime with batches of 1, 7 and all, all patterns of detectors mixed; and for PIDML the emulator,
one track at a time from the raw table, with the limits on p that the task must set
(`pid.export.task_limits`). MlResponse's graphs get every track twice: with NaN and with
the sentinels of old productions, which nobody makes NaN for them.

Axis key: N tracks, F columns, S scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detcore.session import in_batches, session
from pid.columns import COLUMNS
from pid.export.emulator import PidOnnxModel, row_of
from pid.export.trained import Fitted, sign_column, signed
from pid.io.bundle import model_file
from pid.io.contract import Contract
from pid.patterns import PATTERNS
from pid.tracks import Tracks

BATCHES = (1, 7)
TOLERANCE = 2e-5
"""Largest difference of two scores that float32 rounding explains."""
EMULATED = 40
"""Tracks of every pattern that go through the emulator."""


@dataclass(frozen=True)
class Verification:
    """What was compared, and the largest difference of two scores.

    Arguments:
        tracks: Reference tracks, those of MlResponse counted twice.
        batches: Sizes, the last one all tracks together.
        by_pattern: Largest difference between Python and ONNX Runtime, by pattern of detectors.
        emulated: Tracks that went through the emulator, for every species; 0 if none did.
        emulator: Largest difference to the emulator.
    """

    tracks: int
    batches: tuple[int, ...]
    by_pattern: dict[str, float]
    emulated: int
    emulator: float


def expected(fitted: Fitted, tracks: Tracks) -> NDArray[np.float64]:
    """The classifier's calibrated scores of signed species in Python, shape (N, S)."""
    trained = fitted.trained
    values = trained.scaled(tracks)
    logits = trained.logits(values)
    return signed(trained, fitted.calibration, logits, sign_column(tracks), fitted.scores)


def verify(
    folder: Path,
    fitted: Fitted,
    contract: Contract,
    values: NDArray[np.float32],
    tracks: Tracks,
    wanted: NDArray[np.float64],
) -> Verification:
    """Compare the graphs in a folder with the classifier.

    Arguments:
        folder: With the graphs and the JSON files; needs no manifest yet.
        fitted: The classifier.
        contract: Who reads it.
        values: What goes into the graphs, shape (N, F).
        tracks: The tracks behind them, N.
        wanted: Scores that must come out: (N, S), or (N, 4) of the four classes.

    Raises:
        ValueError: If a score differs.
    """
    sizes = (*BATCHES, len(values))
    found = np.stack([_scores(folder, fitted, contract, size, values) for size in sizes])
    difference = np.abs(found - wanted)
    if not (difference <= TOLERANCE).all():
        batch, row, column = np.argwhere(~(difference <= TOLERANCE))[0].tolist()
        raise ValueError(
            f"Python and ONNX Runtime differ at batch {sizes[batch]} in track {row}, score "
            f"{column}: {wanted[row, column]:.6g} became {found[batch, row, column]:.6g}; "
            f"float32 rounding explains {TOLERANCE:g}"
        )
    pattern = tracks.pattern()
    by_pattern = {
        text: float(difference[:, pattern == bits].max(initial=0.0))
        for bits, text in PATTERNS.items()
    }
    emulated, worst = _emulated(folder, fitted, tracks, wanted) if contract == "pidml" else (0, 0.0)
    return Verification(len(values), sizes, by_pattern, emulated, worst)


def _scores(
    folder: Path, fitted: Fitted, contract: Contract, size: int, values: NDArray[np.float32]
) -> NDArray[np.float32]:
    names = dict.fromkeys(model_file(contract, pdg) for pdg in fitted.scores)
    parts = [in_batches(session(folder / name, 1), size, values) for name in names]
    return np.concatenate(parts, axis=1)


def _emulated(
    folder: Path, fitted: Fitted, tracks: Tracks, wanted: NDArray[np.float64]
) -> tuple[int, float]:
    """Tracks and largest difference; the table holds the sentinels of old productions."""
    limits = fitted.trained.limits
    pattern = tracks.pattern()
    rows = np.concatenate([np.flatnonzero(pattern == bits)[:EMULATED] for bits in PATTERNS])
    chosen = stored(tracks, tracks.columns)[rows]
    table = [dict(zip(tracks.columns, values, strict=True)) for values in chosen.tolist()]
    worst = 0.0
    for place, pdg in enumerate(fitted.scores):
        certainty = fitted.working_points.certainty[pdg]
        model = PidOnnxModel(folder, pdg, certainty, (0.0, limits.tof, limits.trd))
        found = np.array([model.apply(row_of(stored)) for stored in table])
        difference = np.abs(found - wanted[rows, place])
        worst = max(worst, float(difference.max(initial=0.0)))
        if not worst <= TOLERANCE:
            track = int(np.argmax(~(difference <= TOLERANCE)))
            raise ValueError(
                f"O2 would score track {rows[track]} {found[track]:.6g} for PDG code {pdg}; "
                f"Python gives {wanted[rows[track], place]:.6g}"
            )
    return len(rows), worst


def stored(tracks: Tracks, columns: Sequence[str]) -> NDArray[np.float32]:
    """Columns as old productions store them: -999 or 0 where nothing was measured, shape (N, F).

    What has no such value stays NaN.

    Raises:
        ValueError: If the tracks lack one of the columns.
    """
    values = tracks.take(columns)
    for place, name in enumerate(columns):
        if name in COLUMNS and COLUMNS[name].missing:
            values[np.isnan(values[:, place]), place] = COLUMNS[name].missing[0]
    return values
