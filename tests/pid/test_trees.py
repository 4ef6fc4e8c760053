"""Trees: plain arrays say what LightGBM says, NaN and float32 edges included."""

from collections.abc import Mapping

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pid.models.output import Output
from pid.models.trees import arrays, at_most, from_arrays, joined
from pid.objectives.boosting import BoostingSettings, forest_of, grow

SETTINGS = BoostingSettings(trees=30, leaves=8, smallest_leaf=5, threads=1, patience=5)


def tracks(n: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Values of which the third and fourth are missing at random, and labels of three classes."""
    values = rng.standard_normal((n, 5)).astype(np.float32)
    classes = (values[:, 0] > 0.5).astype(int) + (values[:, 2] + values[:, 1] > 0.3)
    values[rng.random(n) < 0.4, 2] = np.nan
    values[rng.random(n) < 0.2, 3] = np.nan
    return values, np.eye(3, dtype=np.float32)[classes]


@pytest.mark.parametrize("output", ["one_vs_rest", "multi_class"])
def test_arrays_say_what_the_library_says(output: Output, rng: np.random.Generator) -> None:
    values, labels = tracks(1500, rng)
    asked = labels.argmax(1) if output == "multi_class" else labels[:, 1].copy()
    parameters = {"verbosity": -1, "num_threads": 1, "objective": "binary", "min_data_in_leaf": 5}
    if output == "multi_class":
        parameters |= {"objective": "multiclass", "num_class": 3}
    data = lightgbm.Dataset(values, asked, params={"verbosity": -1})
    booster = lightgbm.train(parameters, data, 20)
    forest = forest_of(booster.dump_model(), output)
    # Values on thresholds, and NaN where training had none.
    fresh = np.tile(np.append(tracks(300, rng)[0], values[:300], axis=0), (2, 1))
    at = forest.feature >= 0
    for row, (feature, threshold) in enumerate(
        zip(forest.feature[at], forest.threshold[at], strict=True)
    ):
        fresh[row % len(fresh), feature] = threshold
    fresh[-50:, 0] = np.nan
    expected = booster.predict(fresh.astype(np.float64), raw_score=True)
    found = forest.logits(fresh)
    np.testing.assert_allclose(found.squeeze(), np.asarray(expected), rtol=0, atol=1e-12)
    probabilities = booster.predict(fresh.astype(np.float64))
    np.testing.assert_allclose(
        forest.probabilities(fresh).squeeze(), np.asarray(probabilities), rtol=0, atol=1e-12
    )


def test_binary_trees_join_in_the_order_of_targets(rng: np.random.Generator) -> None:
    train, validation = tracks(800, rng), tracks(400, rng)
    told: list[Mapping[str, float]] = []
    forest = grow(train, validation, "one_vs_rest", SETTINGS, 1, told=told.append)
    alone = [
        grow((train[0], train[1][:, [t]]), (validation[0], validation[1][:, [t]]),
             "one_vs_rest", SETTINGS, 1)
        for t in range(3)
    ]  # fmt: skip
    expected = np.concatenate([part.logits(validation[0]) for part in alone], axis=1)
    np.testing.assert_array_equal(forest.logits(validation[0]), expected)
    entropy = -np.log(np.where(validation[1] > 0, *_sides(forest.probabilities(validation[0]))))
    assert [line["log_loss"] for line in told] == pytest.approx(entropy.mean(0).tolist(), rel=1e-6)
    assert len(told) == 3


def _sides(probability: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return probability, 1 - probability


def test_weights_of_rare_targets_reach_the_trees(rng: np.random.Generator) -> None:
    train, validation = tracks(800, rng), tracks(400, rng)
    heavy = np.array([1, 1, 50], np.float32)
    for output in ("one_vs_rest", "multi_class"):
        plain = grow(train, validation, output, SETTINGS, 1).probabilities(validation[0])
        weighted = grow(train, validation, output, SETTINGS, 1, heavy).probabilities(validation[0])
        assert weighted[:, 2].mean() > 1.3 * plain[:, 2].mean()


def test_a_forest_survives_its_file(rng: np.random.Generator) -> None:
    train, validation = tracks(500, rng), tracks(200, rng)
    forest = grow(train, validation, "multi_class", SETTINGS, 1)
    again = from_arrays(arrays(forest))
    np.testing.assert_array_equal(again.probabilities(train[0]), forest.probabilities(train[0]))
    assert again.output == "multi_class"
    assert forest.probabilities(train[0]).sum(1) == pytest.approx(np.ones(500))
    with pytest.raises(ValueError, match=r"values must have shape \(N, 5\); got \(2, 4\)"):
        forest.logits(np.zeros((2, 4), np.float32))
    with pytest.raises(ValueError, match="these are no trees: feature, threshold"):
        from_arrays({})
    with pytest.raises(ValueError, match="only binary trees"):
        joined([forest])


@given(st.floats(-1e30, 1e30))
def test_float32_thresholds_decide_as_doubles_do(threshold: float) -> None:
    held = at_most(threshold)
    above = np.nextafter(held, np.float32(np.inf))
    assert float(held) <= threshold < float(above)
