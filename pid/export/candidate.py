"""Trained runs as candidates of a judgement, before they are exported."""

from collections.abc import Sequence
from pathlib import Path

from pid.evaluation.campaign import Candidate
from pid.export.runs import from_runs
from pid.export.trained import fit
from pid.export.verification import expected
from pid.tracks import Tracks


def candidate(runs: Sequence[Path], train: Tracks) -> Candidate:
    """A trained network or trees, or the mean of several seeds, ready to be judged.

    Calibration and thresholds are those of `pid export`, fitted on validation tracks. Scores are
    computed in Python; an export proves that those of ONNX Runtime are the same.

    Arguments:
        runs: Run folders, seeds of one classifier.
        train: The tracks that it was trained on, whose validation part fits calibration and
            thresholds.

    Raises:
        ValueError: If a folder holds no run, or a species has too few tracks to fit on.
    """
    trained, validation = from_runs(runs, train)
    fitted = fit(trained, validation)
    return Candidate(
        name=trained.name,
        probabilistic=True,
        score=lambda tracks: expected(fitted, tracks),
        working_points=fitted.working_points.bins,
        seed=trained.seed,
        model={"training": trained.record},
    )
