"""Cuts in bins of pT as the JSON configuration of a task with O2Physics' MlResponse.

MlResponse runs one model for every bin of pT and compares every score with a cut of the bin.
Numbers are texts, as DPL writes its own configuration. A pT outside the bins is fatal in O2, so the
end bins are widened to hold every pT.

Source: O2Physics, Tools/ML/MlResponse.h; AliceO2, Framework/Core, LabeledArray (labels_rows,
labels_cols, values).
"""

from collections.abc import Sequence
from pathlib import Path

from pid.working_point import WorkingPoint

CUT_GREATER, CUT_SMALLER, CUT_NOT = 0, 1, 2
"""Rejects a score above the cut, below the cut, none."""
LOWEST_PT, HIGHEST_PT = -1.0, 9999.0
Json = dict[str, object]


def cuts(
    point: WorkingPoint, model: str, classes: Sequence[str], chosen: int, local: str = "."
) -> Json:
    """Configuration of a task that selects one species.

    Arguments:
        point: Thresholds in bins of pT.
        model: File name of the ONNX model, the same in all bins.
        classes: Names of its scores, in order.
        chosen: Which of them is cut on.
        local: Folder of the model where the task runs.

    Raises:
        ValueError: If the thresholds are in bins of p.
    """
    if point.momentum != "pt":
        raise ValueError("MlResponse has bins of pT; choose the working point in bins of pT")
    edges = (LOWEST_PT, *point.edges[1:-1], HIGHEST_PT)
    bins = len(point.thresholds)
    rows = [
        [text(cut) if score == chosen else "0" for score in range(len(classes))]
        for cut in point.thresholds
    ]
    return {
        "binsPtMl": {"values": [text(edge) for edge in edges]},
        "cutDirMl": {
            "values": [str(CUT_SMALLER if i == chosen else CUT_NOT) for i in range(len(classes))]
        },
        "cutsMl": {
            "labels_rows": [f"pT bin {number}" for number in range(bins)],
            "labels_cols": list(classes),
            "values": rows,
        },
        "nClassesMl": str(len(classes)),
        "onnxFileNames": {"values": [str(Path(local) / model)] * bins},
        "loadModelsFromCCDB": "false",
    }


def text(number: float) -> str:
    """The shortest decimal that reads back as the same number."""
    return repr(float(number))
