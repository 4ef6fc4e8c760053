"""MlResponse's cuts, read back the way MlResponse reads and applies them."""

from bisect import bisect_right
from typing import Any

import numpy as np
import pytest

from pid.export.mlresponse import cuts
from pid.working_point import WorkingPoint

EDGES, THRESHOLDS = (0.1, 0.5, 1.0, 20.0), (0.31, 0.5, 2.0)


def point(momentum: Any = "pt") -> WorkingPoint:  # noqa: ANN401
    return WorkingPoint("f1", None, EDGES, THRESHOLDS, (9,) * 3, (False,) * 3, momentum)


def selected(settings: dict[str, Any], pt: float, scores: list[float]) -> bool:
    """findBin (fatal outside), then each score against its cut in its direction."""
    edges = [float(edge) for edge in settings["binsPtMl"]["values"]]
    assert edges[0] <= pt < edges[-1], "fatal in O2"
    row = bisect_right(edges, pt) - 1
    assert len(settings["onnxFileNames"]["values"]) == len(edges) - 1
    assert len(scores) == int(settings["nClassesMl"])
    for column, value in enumerate(scores):
        cut = float(settings["cutsMl"]["values"][row][column])
        direction = int(settings["cutDirMl"]["values"][column])
        if (direction == 0 and value > cut) or (direction == 1 and value < cut):
            return False
    return True


@pytest.mark.parametrize("pt", [0.0, 0.05, 0.1, 0.499, 0.5, 0.999, 1.0, 50.0])
def test_the_cuts_are_the_working_point(pt: float) -> None:
    binary: Any = cuts(point(), "pid_321.onnx", ["321"], 0)
    classes: Any = cuts(point(), "pid_feature_model.onnx", ["pi", "K", "p", "e"], 1)
    for value in (0.1, 0.31, 0.4, 0.5, 0.7, 1.0):
        wanted = bool(point().select(np.array([value]), np.array([pt]))[0])
        assert selected(binary, pt, [value]) == wanted
        assert selected(classes, pt, [1.0, value, 0.0, 1.0]) == wanted


def test_labels_and_files() -> None:
    found: Any = cuts(point(), "pid_321.onnx", ["321"], 0, "models")
    assert found["cutsMl"]["labels_cols"] == ["321"]
    assert found["cutsMl"]["labels_rows"] == ["pT bin 0", "pT bin 1", "pT bin 2"]
    assert found["onnxFileNames"]["values"] == ["models/pid_321.onnx"] * 3


def test_bins_of_p_are_refused() -> None:
    with pytest.raises(ValueError, match="bins of pT"):
        cuts(point("p"), "m.onnx", ["321"], 0)
