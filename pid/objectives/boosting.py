"""Gradient boosting of decision trees that take NaN, grown by LightGBM.

Axis key: N tracks, F features, T targets.

Source: G. Ke et al., NIPS 2017, https://lightgbm.readthedocs.io.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from detcore.config import Settings
from pid.models.output import Output
from pid.models.trees import LEAF, Forest, at_most, joined


class BoostingSettings(Settings):
    """How trees are grown.

    Attributes:
        trees: At most, of each target.
        learning_rate: Share of its fit that each tree adds.
        leaves: Of a tree, at most.
        smallest_leaf: Training tracks in a leaf, at least.
        row_share: Share of the tracks that each tree sees.
        ridge: L2 penalty on leaf values.
        patience: Stop after so many trees without a better validation log-loss.
        threads: Of LightGBM; the trees depend on it in the last digits.
    """

    trees: PositiveInt = 500
    learning_rate: Annotated[float, Field(gt=0)] = 0.05
    leaves: Annotated[int, Field(gt=1)] = 63
    smallest_leaf: PositiveInt = 50
    row_share: Annotated[float, Field(gt=0, le=1)] = 0.8
    ridge: Annotated[float, Field(ge=0)] = 1.0
    patience: PositiveInt = 20
    threads: PositiveInt = 2


Side = tuple[NDArray[np.float32], NDArray[np.float32]]


def grow(
    train: Side,
    validation: Side,
    output: Output,
    settings: BoostingSettings,
    seed: int,
    weight: NDArray[np.float32] | None = None,
    told: Callable[[Mapping[str, float]], None] = lambda _: None,
) -> Forest:
    """Trees with the best validation log-loss.

    Arguments:
        train: Values with NaN for missing, shape (N, F), and labels, shape (N, T).
        validation: The same of the tracks that decide when to stop.
        output: One forest of shares, or one of binary answers for each target.
        settings: See there.
        seed: Of the rows that each tree sees.
        weight: Of tracks that are the target, shape (T,); none: 1.
        told: Hears, for each forest grown, its number of trees and its validation log-loss.
    """
    if output == "multi_class":
        asked = [(train[1].argmax(axis=1), validation[1].argmax(axis=1))]
    else:
        # LightGBM wants contiguous columns.
        pairs = zip(train[1].T, validation[1].T, strict=True)
        asked = [(np.ascontiguousarray(a), np.ascontiguousarray(b)) for a, b in pairs]
    targets = train[1].shape[1]
    forests = []
    for index, (labels, validates) in enumerate(asked):
        weights = _weights(labels, weight, index, output)
        booster = lightgbm.train(
            _parameters(settings, output, targets, seed),
            lightgbm.Dataset(train[0], labels, weight=weights, params={"verbosity": -1}),
            settings.trees,
            valid_sets=[lightgbm.Dataset(validation[0], validates, params={"verbosity": -1})],
            callbacks=[lightgbm.early_stopping(settings.patience, verbose=False)],
        )
        loss = next(iter(booster.best_score["valid_0"].values()))
        told({"trees": float(booster.best_iteration), "log_loss": float(loss)})
        forests.append(forest_of(booster.dump_model(num_iteration=booster.best_iteration), output))
    return forests[0] if output == "multi_class" else joined(forests)


def forest_of(model: Mapping[str, Any], output: Output) -> Forest:
    """The trees of a LightGBM model as its `dump_model` gives them."""
    targets = int(model["num_tree_per_iteration"])
    nodes: list[tuple[int, float, bool, float, int, int]] = []
    roots = []
    for tree in model["tree_info"]:
        roots.append(len(nodes))
        nodes += _nodes(tree["tree_structure"], len(nodes))
    feature, threshold, missing_left, value, left, right = zip(*nodes, strict=True)
    return Forest(
        feature=np.array(feature, np.int32),
        threshold=np.array([at_most(number) for number in threshold], np.float32),
        left=np.array(left, np.int32),
        right=np.array(right, np.int32),
        missing_left=np.array(missing_left, np.bool_),
        value=np.array(value, np.float64),
        root=np.array(roots, np.int32),
        target=np.arange(len(roots), dtype=np.int32) % targets,
        base=np.zeros(targets),
        features=int(model["max_feature_idx"]) + 1,
        output=output,
    )


def _nodes(
    node: Mapping[str, Any], index: int
) -> Iterator[tuple[int, float, bool, float, int, int]]:
    """This node, which gets the index, then its left and its right subtree."""
    if "leaf_value" in node:
        yield LEAF, 0.0, False, float(node["leaf_value"]), index, index
        return
    left = list(_nodes(node["left_child"], index + 1))
    right = index + 1 + len(left)
    threshold = float(node["threshold"])
    # A feature that no training track missed: LightGBM takes NaN for 0 there.
    none = node["missing_type"] == "None"
    missing_left = threshold >= 0 if none else bool(node["default_left"])
    yield int(node["split_feature"]), threshold, missing_left, 0.0, index + 1, right
    yield from left
    yield from _nodes(node["right_child"], right)


def _weights(
    labels: NDArray[np.floating] | NDArray[np.integer],
    weight: NDArray[np.float32] | None,
    index: int,
    output: Output,
) -> NDArray[np.float32] | None:
    if weight is None:
        return None
    if output == "multi_class":
        return weight[labels.astype(np.int64)]
    return np.where(labels > 0, weight[index], np.float32(1)).astype(np.float32)


def _parameters(
    settings: BoostingSettings, output: Output, targets: int, seed: int
) -> dict[str, Any]:
    kind = {"objective": "binary"}
    if output == "multi_class":
        kind = {"objective": "multiclass", "num_class": str(targets)}
    return kind | {
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.smallest_leaf,
        "bagging_fraction": settings.row_share,
        "bagging_freq": 1,
        "lambda_l2": settings.ridge,
        "num_threads": settings.threads,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
