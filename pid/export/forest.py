"""Boosted trees as ONNX graphs, with the route of a missing value at every node.

Axis key: B tracks, F features, T logits, V nodes of all trees.

Source: ONNX, ai.onnx.ml, TreeEnsembleRegressor version 3.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from detcore.graph import OPSET
from pid.calibration import Calibration
from pid.export.network import INPUT, OUTPUT, Column
from pid.models.trees import LEAF, Forest

OPERATORS: Mapping[str, int] = {"": OPSET, "ai.onnx.ml": 3}
Constants = dict[str, NDArray[Any]]


def one_score(
    forest: Forest, calibration: Calibration, column: Column, sign: int | None
) -> onnx.ModelProto:
    """Scaled values (B, F) to the probability of one species (B, 1).

    Arguments:
        forest: The trees.
        calibration: Of their logits.
        column: Where the score comes from.
        sign: Index of the charge among the features; needed if the column names a charge.

    Raises:
        ValueError: If the charge is needed and not there.
    """
    if calibration.activation == "sigmoid":
        scale, bias = calibration.scale[column.logit], calibration.bias[column.logit]
        alone = Calibration("sigmoid", (scale,), (bias,))
        steps, constants = _probabilities(only(forest, column.logit), alone, OUTPUT)
        return _model(steps, constants, forest.features, 1)
    steps, constants = _probabilities(forest, calibration, "probability")
    if sign is None or column.charge is None:
        raise ValueError("the score of a class needs the column fSign and the charge of a species")
    more, needed = _of_charge(column.logit, column.charge, sign)
    return _model(steps + more, constants | needed, forest.features, 1)


def only(forest: Forest, target: int) -> Forest:
    """The trees of one output."""
    trees, nodes = forest.target == target, tree_of(forest)
    kept = trees[nodes]
    place = (np.cumsum(kept) - 1).astype(np.int32)
    columns = {
        name: getattr(forest, name)[kept]
        for name in ("feature", "threshold", "missing_left", "value")
    }
    return replace(
        forest,
        **columns,
        left=place[forest.left[kept]],
        right=place[forest.right[kept]],
        root=place[forest.root[trees]],
        target=np.zeros(int(trees.sum()), np.int32),
        base=forest.base[target : target + 1],
    )


def tree_of(forest: Forest) -> NDArray[np.int64]:
    """Index of the tree that each node belongs to, shape (V,).

    Raises:
        ValueError: If the nodes of a tree do not stand together, its root first.
    """
    tree = np.searchsorted(forest.root, np.arange(len(forest.feature)), side="right") - 1
    if (np.diff(forest.root) <= 0).any() or any(
        (tree[child] != tree).any() for child in (forest.left, forest.right)
    ):
        raise ValueError("the nodes of every tree must stand together, its root first")
    return tree


def _probabilities(
    forest: Forest, calibration: Calibration, output: str
) -> tuple[list[onnx.NodeProto], Constants]:
    activation = "Sigmoid" if calibration.activation == "sigmoid" else "Softmax"
    steps = [
        _ensemble(forest),
        helper.make_node("Mul", ["logits", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["shifted"]),
        helper.make_node(activation, ["shifted"], [output]),
    ]
    scale, bias = (np.array(part, np.float32) for part in (calibration.scale, calibration.bias))
    return steps, {"scale": scale, "bias": bias}


def _ensemble(forest: Forest) -> onnx.NodeProto:
    leaf, tree = forest.feature == LEAF, tree_of(forest)
    node = np.arange(len(tree)) - forest.root[tree]
    return helper.make_node(
        "TreeEnsembleRegressor",
        [INPUT],
        ["logits"],
        domain="ai.onnx.ml",
        n_targets=len(forest.base),
        aggregate_function="SUM",
        post_transform="NONE",
        base_values=forest.base.astype(np.float32).tolist(),
        nodes_treeids=tree.tolist(),
        nodes_nodeids=node.tolist(),
        nodes_modes=["LEAF" if end else "BRANCH_LEQ" for end in leaf.tolist()],
        nodes_featureids=np.where(leaf, 0, forest.feature).tolist(),
        nodes_values=np.where(leaf, 0, forest.threshold).tolist(),
        nodes_missing_value_tracks_true=(forest.missing_left & ~leaf).astype(int).tolist(),
        nodes_truenodeids=np.where(leaf, 0, forest.left - forest.root[tree]).tolist(),
        nodes_falsenodeids=np.where(leaf, 0, forest.right - forest.root[tree]).tolist(),
        target_treeids=tree[leaf].tolist(),
        target_nodeids=node[leaf].tolist(),
        target_ids=forest.target[tree][leaf].tolist(),
        target_weights=forest.value[leaf].tolist(),
    )


def _of_charge(place: int, charge: int, sign: int) -> tuple[list[onnx.NodeProto], Constants]:
    """The probability of a class for tracks of one charge, 0 for the others."""
    steps = [
        helper.make_node("Gather", ["probability", "place"], ["picked"], axis=1),
        helper.make_node("Gather", [INPUT, "sign"], ["track"], axis=1),
        helper.make_node("Mul", ["track", "charge"], ["alike"]),
        helper.make_node("Greater", ["alike", "zero"], ["right"]),
        helper.make_node("Where", ["right", "picked", "zero"], [OUTPUT]),
    ]
    return steps, {
        "place": np.array([place], np.int64),
        "sign": np.array([sign], np.int64),
        "charge": np.array(charge, np.float32),
        "zero": np.array(0, np.float32),
    }


def _model(
    steps: list[onnx.NodeProto], constants: Constants, features: int, width: int
) -> onnx.ModelProto:
    made = helper.make_graph(
        steps,
        "forest",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", features])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", width])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPERATORS.items()]
    return helper.make_model(made, opset_imports=opsets)
