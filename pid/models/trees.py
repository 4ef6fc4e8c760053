"""Boosted decision trees as plain arrays: what a library has grown, ready to run or to export.

Axis key: N tracks, F features, V nodes of all trees, T outputs.

Source: J. Friedman, Ann. Statist. 29 (2001) 1189 (gradient boosting); G. Ke et al., NIPS 2017
(LightGBM).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pid.models.output import Output

LEAF = -1


@dataclass(frozen=True)
class Forest:
    """Trees whose leaves add to the logit of one output each.

    A track goes left where its value <= threshold, or where it is NaN and `missing_left` says so.

    Attributes:
        feature: That a node looks at, -1 for a leaf, shape (V,).
        threshold: float32; the exact comparison of float32 values, shape (V,).
        left: Index of the left child among all nodes; a leaf names itself, shape (V,).
        right: The same of the right child, shape (V,).
        missing_left: Where NaN goes, shape (V,).
        value: What a leaf adds; 0 in other nodes, shape (V,).
        root: Index of the root of each tree.
        target: Output that each tree adds to.
        base: Logits before any tree, shape (T,).
        features: F.
        output: What the logits mean.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    root: NDArray[np.int32]
    target: NDArray[np.int32]
    base: NDArray[np.float64]
    features: int
    output: Output

    def logits(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Shape (N, T), of values with NaN for missing, shape (N, F).

        Raises:
            ValueError: If the values have another number of features.
        """
        if values.ndim != 2 or values.shape[1] != self.features:
            raise ValueError(f"values must have shape (N, {self.features}); got {values.shape}")
        logits = np.tile(self.base, (len(values), 1))
        for root, target in zip(self.root, self.target, strict=True):
            logits[:, target] += self.value[self._leaves(values, root)]
        return logits

    def probabilities(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Shape (N, T); arguments and errors of `logits`."""
        logits = self.logits(values)
        if self.output == "one_vs_rest":
            return np.exp(-np.logaddexp(0, -logits))
        weight = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = weight / weight.sum(axis=1, keepdims=True)
        return shares

    def _leaves(self, values: NDArray[np.float32], root: int) -> NDArray[np.int32]:
        rows = np.arange(len(values))
        node = np.full(len(values), root, np.int32)
        while (self.feature[node] != LEAF).any():
            value = values[rows, self.feature[node]]  # a leaf reads the last feature, and stays
            left = np.where(np.isnan(value), self.missing_left[node], value <= self.threshold[node])
            node = np.where(left, self.left[node], self.right[node])
        return node


def arrays(forest: Forest) -> dict[str, NDArray[Any]]:
    """Everything in a forest as arrays by name, for a file."""
    return {field.name: np.asarray(getattr(forest, field.name)) for field in fields(forest)}


def from_arrays(found: Mapping[str, NDArray[Any]]) -> Forest:
    """The forest that `arrays` gave.

    Raises:
        ValueError: If one is missing.
    """
    names = [field.name for field in fields(Forest)]
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f"these are no trees: {', '.join(missing)} missing")
    values: dict[str, Any] = {name: found[name] for name in names}
    values["features"], values["output"] = int(found["features"]), str(found["output"])
    return Forest(**values)


def at_most(threshold: float) -> np.float32:
    """The largest finite float32 that is not above a double.

    A finite float32 value is <= the one exactly when it is <= the other. LightGBM's largest double,
    which all values but NaN are below, becomes the largest float32.
    """
    nearest = np.float32(min(threshold, float(np.finfo(np.float32).max)))
    return nearest if float(nearest) <= threshold else np.nextafter(nearest, np.float32(-np.inf))


def joined(forests: Sequence[Forest]) -> Forest:
    """One forest with the outputs of all, in their order.

    Raises:
        ValueError: If there is none, or they have different features or are not binary.
    """
    if len({forest.features for forest in forests}) != 1 or any(
        forest.output != "one_vs_rest" for forest in forests
    ):
        raise ValueError("only binary trees of the same features can be joined")
    nodes = np.cumsum([0, *(len(forest.feature) for forest in forests)])
    outputs = np.cumsum([0, *(len(forest.base) for forest in forests)])
    same = ("feature", "threshold", "missing_left", "value", "base")
    values: dict[str, Any] = {n: np.concatenate([getattr(f, n) for f in forests]) for n in same}
    for name, starts in (("left", nodes), ("right", nodes), ("root", nodes), ("target", outputs)):
        parts = [getattr(f, name) + start for f, start in zip(forests, starts, strict=False)]
        values[name] = np.concatenate(parts).astype(np.int32)
    return Forest(**values, features=forests[0].features, output="one_vs_rest")
