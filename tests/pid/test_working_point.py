"""Thresholds against exhaustive search, and their meaning in O2."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pid.working_point import (
    SELECTS_NOTHING,
    WorkingPoint,
    best_f1,
    bin_of,
    curve,
    for_efficiency,
    for_purity,
    threshold,
    working_point,
)

SAMPLES = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60)
Counts = tuple[int, int, int]


def arrays(sample: list[tuple[int, bool]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    score, truth = zip(*sample, strict=True)
    return np.array(score) / 20, np.array(truth)


def counts(score: NDArray[np.float64], truth: NDArray[np.bool_], cut: float) -> Counts:
    """Selected, true among them, and signal, by the definition."""
    selected = score >= cut
    return int(selected.sum()), int((selected & truth).sum()), int(truth.sum())


def all_cuts(score: NDArray[np.float64]) -> list[float]:
    return sorted(set(score.tolist()), reverse=True)


@given(SAMPLES)
def test_the_curve_is_the_definition(sample: list[tuple[int, bool]]) -> None:
    score, truth = arrays(sample)
    found = curve(score, truth)
    assert found.scores.tolist() == all_cuts(score)
    for index, cut in enumerate(found.scores):
        expected = counts(score, truth, cut)
        assert (found.selected[index], found.true[index], found.signal) == expected
        assert counts(score, truth, found.threshold(index)) == expected


@given(SAMPLES)
def test_best_f1_is_the_largest(sample: list[tuple[int, bool]]) -> None:
    score, truth = arrays(sample)

    def f1(cut: float) -> float:
        selected, true, signal = counts(score, truth, cut)
        return 2 * true / (selected + signal)

    assert f1(best_f1(curve(score, truth))) == max(f1(cut) for cut in all_cuts(score))


@given(SAMPLES, st.sampled_from([0.05, 0.3, 0.5, 0.9, 1.0]))
def test_wanted_values_are_kept_and_nothing_is_given_away(
    sample: list[tuple[int, bool]], wanted: float
) -> None:
    score, truth = arrays(sample)
    if not truth.any():
        return
    signal = truth.sum()
    selected, true, _ = counts(score, truth, for_efficiency(curve(score, truth), wanted))
    assert true >= wanted * signal
    tighter = [counts(score, truth, cut) for cut in all_cuts(score)]
    assert all(other[1] < wanted * signal for other in tighter if other[0] < selected)

    cut = for_purity(curve(score, truth), wanted)
    pure = [other for other in tighter if other[1] >= wanted * other[0]]
    if not pure:
        assert cut == SELECTS_NOTHING
    else:
        assert counts(score, truth, cut)[1] == max(other[1] for other in pure)


def test_a_threshold_lies_between_two_scores() -> None:
    score = np.array([0.9, 0.8, 0.2, 0.1], np.float32)
    truth = np.array([True, True, False, False])
    assert best_f1(curve(score, truth)) == pytest.approx(0.5)


def test_every_bin_has_its_own_threshold(rng: np.random.Generator) -> None:
    """Scores that are shifted by momentum: the thresholds follow the shift."""
    n = 20_000
    momentum = rng.uniform(0, 2, n)
    truth = rng.random(n) < 0.3
    score = 0.5 + 0.1 * (2 * truth - 1) + 0.2 * (momentum >= 1) + rng.normal(0, 0.02, n)
    found = working_point(score, truth, momentum, (0.0, 1.0, 2.0), "efficiency", 0.5)
    assert found.thresholds == pytest.approx((0.6, 0.8), abs=0.005)
    picked = found.select(score, momentum)
    for inside in (momentum < 1, momentum >= 1):
        assert picked[inside & truth].mean() == pytest.approx(0.5, abs=0.001)


def test_a_bin_of_few_tracks_borrows() -> None:
    score, truth = np.array([0.9, 0.4, 0.6, 0.2]), np.array([True, False, True, False])
    found = working_point(score, truth, np.array([0.5, 0.5, 0.5, 3.0]), (0, 1, 5), "f1", None, 2)
    assert found.borrowed == (False, True)
    assert found.signal == (2, 0)
    assert found.thresholds[1] == best_f1(curve(score, truth))


def test_end_bins_reach_to_infinity_and_low_edges_belong_to_their_bin() -> None:
    assert bin_of(np.array([-1.0, 0.0, 1.0, 2.0, 99.0]), (0.0, 1.0, 2.0)).tolist() == [
        0,
        0,
        1,
        1,
        1,
    ]


def test_a_track_at_the_threshold_is_selected() -> None:
    point = WorkingPoint("f1", None, (0.0, 1.0), (0.5,), (9,), (False,))
    assert point.select(np.array([0.5, 0.49999]), np.zeros(2)).tolist() == [True, False]


@pytest.mark.parametrize(
    ("score", "truth", "goal", "wanted", "said"),
    [
        ([], [], "f1", None, "not empty"),
        ([0.5, np.nan], [True, False], "f1", None, "1 scores are not finite"),
        ([0.5], [True], "purity", None, "wanted purity"),
        ([0.5], [True], "efficiency", 1.5, "wanted efficiency"),
        ([0.5], [True], "f1", 0.9, "takes no wanted value"),
    ],
)
def test_what_cannot_be_done_is_said(
    score: list[float], truth: list[bool], goal: str, wanted: float | None, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        threshold(curve(np.array(score), np.array(truth, bool)), goal, wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize("edges", [(1.0,), (0.0, 0.0), (1.0, 0.0), (0.0, float("nan"), 1.0)])
def test_edges_must_ascend(edges: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must ascend"):
        working_point(np.ones(1), np.ones(1, bool), np.ones(1), edges)
