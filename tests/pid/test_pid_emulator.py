"""The emulator of O2's feature building, against values worked out by hand."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from pid.export.emulator import PidOnnxModel, Row, model_file, row_of

LABELS = ["fTPCSignal", "fTRDPattern", "fBeta", "fP", "fPx"]
MEAN, STD = 0.1, 0.7
STORED = {"fTPCSignal": 50.0, "fTRDPattern": 7.0, "fBeta": 0.7}


def write(folder: Path, steps: list[onnx.NodeProto], width: int = 5, outputs: int = 1) -> None:
    """A model of those steps from `input` to `output0`, and the two JSON files."""
    found = [
        helper.make_tensor_value_info(f"output{i}", TensorProto.FLOAT, ["N", width])
        for i in range(outputs)
    ]
    graph = helper.make_graph(
        steps, "g", [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", width])], found
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "attention_model_0211.onnx")
    (folder / "columns_for_training.json").write_text(json.dumps({"columns_for_training": LABELS}))
    scaling = {"index": [0], "data": [["fTPCSignal", MEAN, STD], ["fBeta", 1, 2]]}
    (folder / "scaling_params.json").write_text(json.dumps(scaling))


def identity() -> list[onnx.NodeProto]:
    return [helper.make_node("Identity", ["input"], ["output0"])]


def row(p: float, has_tof: bool = True, has_trd: bool = True) -> Row:
    return Row(STORED, p, has_tof, has_trd, {"P": p, "Px": -0.25})


@pytest.fixture
def model(tmp_path: Path) -> PidOnnxModel:
    write(tmp_path, identity())
    return PidOnnxModel(tmp_path, -211)


def test_file_names() -> None:
    assert [model_file(pdg) for pdg in (211, -211, -2212)] == [
        "attention_model_211.onnx",
        "attention_model_0211.onnx",
        "attention_model_02212.onnx",
    ]


def test_features_are_looked_up_and_scaled_in_float32(model: PidOnnxModel) -> None:
    found = model.features(row(2.0))
    scaled = (np.float32(50) - np.float32(MEAN)) / np.float32(STD)
    assert scaled != np.float32((50 - MEAN) / STD), "else the precision is not seen"
    beta = (np.float32(0.7) - np.float32(1)) / np.float32(2)
    assert found.tolist() == [scaled, 7, beta, 2, -0.25]


@pytest.mark.parametrize(
    ("p", "has_tof", "has_trd", "tof", "trd"),
    [
        (2.0, True, True, True, True),
        (2.0, False, True, False, True),
        (2.0, True, False, True, False),
        (0.5, True, True, True, False),
        (float(np.nextafter(np.float32(0.5), np.float32(0))), True, True, False, False),
        (float(np.float32(0.8)), True, True, True, True),
    ],
)
def test_limits_are_on_p(
    model: PidOnnxModel, p: float, has_tof: bool, has_trd: bool, tof: bool, trd: bool
) -> None:
    found = model.features(row(p, has_tof, has_trd))
    assert np.isnan(found).tolist() == [False, not trd, not tof, False, False]


def test_an_unknown_label_is_an_error(model: PidOnnxModel) -> None:
    without = Row(STORED, 1.0, True, True, {"P": 1.0})
    with pytest.raises(ValueError, match="no column fPx"):
        model.features(without)


def test_the_first_float_is_the_score(model: PidOnnxModel) -> None:
    assert model.apply(row(2.0)) == model.features(row(2.0))[0]
    model.certainty = model.apply(row(2.0))
    assert model.accepts(row(2.0))


def test_an_exception_of_the_runtime_is_a_score_of_zero(tmp_path: Path) -> None:
    """A reshape to a fixed number of present values, as in the reference's export."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1, 5])
    steps = [
        helper.make_node("IsNaN", ["input"], ["missing"]),
        helper.make_node("Not", ["missing"], ["present"]),
        helper.make_node("Compress", ["input", "flat"], ["values"]),
        helper.make_node("Constant", [], ["shape"], value=shape),
        helper.make_node("Reshape", ["values", "shape"], ["output0"]),
    ]
    minus = helper.make_tensor("minus", TensorProto.INT64, [1], [-1])
    steps[2:2] = [
        helper.make_node("Constant", [], ["minus"], value=minus),
        helper.make_node("Reshape", ["present", "minus"], ["flat"]),
    ]
    write(tmp_path, steps)
    model = PidOnnxModel(tmp_path, -211)
    assert model.apply(row(2.0)) > 0
    assert model.apply(row(2.0, has_tof=False)) == 0.0


def test_what_o2_cannot_use_is_said(tmp_path: Path) -> None:
    write(tmp_path, identity(), width=4)
    with pytest.raises(ValueError, match="hands over 5 columns"):
        PidOnnxModel(tmp_path, -211)
    twice = [*identity(), helper.make_node("Identity", ["input"], ["output1"])]
    write(tmp_path, twice, outputs=2)
    with pytest.raises(ValueError, match="has 1 and 2"):
        PidOnnxModel(tmp_path, -211)
    with pytest.raises(ValueError, match=r"cannot load attention_model_321\.onnx"):
        PidOnnxModel(tmp_path, 321)
    (tmp_path / "scaling_params.json").unlink()
    with pytest.raises(ValueError, match=r"missing scaling_params\.json"):
        PidOnnxModel(tmp_path, -211)


@pytest.mark.parametrize(
    ("beta", "pattern", "has_tof", "has_trd"),
    [(0.9, 3, True, True), (-999.0, 0, False, False), (np.nan, np.nan, False, False)],
)
def test_sentinels_of_the_producer(
    beta: float, pattern: float, has_tof: bool, has_trd: bool
) -> None:
    found = row_of({"fBeta": beta, "fTRDPattern": pattern, "fP": 1.5})
    assert (found.has_tof, found.has_trd, found.p) == (has_tof, has_trd, 1.5)
