"""Judgements of toy models with known faults."""

import json
import tracemalloc
from dataclasses import astuple, replace

import numpy as np
import pytest
from toys import toy_images, toy_responses

from zdcsim.evaluation.judgement import STAGES, Judgement, from_json, judge
from zdcsim.evaluation.quantities import Photons
from zdcsim.evaluation.settings import Settings
from zdcsim.evaluation.speed import Stopwatch, speed
from zdcsim.evaluation.wording import HEADINGS, headings, judged_parts, main_rows
from zdcsim.geometry import ZP

REFERENCE = toy_responses(16, 20)
SETTINGS = Settings(energy_edges=(0.0, 10.0, 4000.0), floor_repetitions=8)


def drawn(seed: int) -> np.ndarray:
    images: np.ndarray = toy_images(REFERENCE.conditions, np.random.default_rng(seed))
    return images.astype(np.int32)


def feature_ratio(judgement: Judgement, name: str) -> float:
    found = judgement.distances["features"][name].ratio
    assert found is not None
    return found


@pytest.fixture(scope="module")
def faultless() -> Judgement:
    return judge(REFERENCE, [drawn(101), drawn(102)], SETTINGS)


def test_a_faultless_model_is_near_the_floor(faultless: Judgement) -> None:
    for convention in SETTINGS.conventions:
        assert 0.7 < (faultless.distances[convention]["mean"].ratio or 0) < 1.4
    assert faultless.sample.copies == (20, 20)
    assert faultless.sample.empty == 0


def test_too_much_light_is_seen() -> None:
    extra = np.random.default_rng(5).poisson(0.2 * drawn(101))
    judged = judge(REFERENCE, [drawn(101) + extra], SETTINGS)
    assert (judged.distances["o2"]["mean"].ratio or 0) > 3
    whole = judged.distances["features"]["photon sum"].whole
    assert whole is not None
    assert whole.mean == pytest.approx(0.2 * REFERENCE.photon_sum().mean(), rel=0.1)


def test_a_shift_by_one_fibre_is_seen(faultless: Judgement) -> None:
    judged = judge(REFERENCE, [np.roll(REFERENCE.dense(), 1, axis=1)], SETTINGS)
    whole = judged.distances["features"]["centroid x"].whole
    assert whole is not None
    assert whole.mean == pytest.approx(0.16, rel=1e-3)
    assert feature_ratio(judged, "centroid x") > 2 * feature_ratio(faultless, "centroid x")
    assert judged.distances["features"]["photon sum"].whole.mean == 0  # type: ignore[union-attr]


def test_a_model_without_fluctuations_is_seen() -> None:
    first = np.repeat(np.arange(0, len(REFERENCE), 20), 20)
    judged = judge(REFERENCE, [REFERENCE.dense(first)], SETTINGS)
    assert judged.diversity is not None
    assert judged.diversity.generated is not None
    assert judged.diversity.generated.mean == pytest.approx(0.0, abs=1e-6)
    assert (judged.diversity.difference.ratio or 0) > 5


def test_conditions_mixed_up_are_seen_in_bins_and_errors_only() -> None:
    mixed = np.random.default_rng(1).permutation(len(REFERENCE))
    judged = judge(REFERENCE, [drawn(101)[mixed]], SETTINGS)
    assert (judged.errors["RMSE, image"].ratio or 0) > 1.5
    assert judged.diversity is not None
    assert (judged.diversity.difference.ratio or 0) > 5


def test_the_error_of_a_ratio_holds_which_particles_were_drawn() -> None:
    """One particle in ten far off: 10/9 of the ratio without another one, nothing without it."""
    reference = toy_responses(10, 20)
    off = reference.dense().astype(np.int32)
    off[reference.particle == 3] += 1000
    found = judge(reference, [off], replace(SETTINGS, by=())).distances
    for each in (found["o2"]["mean"], found["features"]["photon sum"]):
        assert each.ratio is not None and each.ratio_drawn is not None
        # 9 / 10 (9 / 81 + 1) of its square; the floor is a little another without each particle.
        assert each.ratio_drawn / each.ratio == pytest.approx(1, rel=0.05)


def test_a_judgement_without_draws_of_particles_is_read_and_shown(faultless: Judgement) -> None:
    written = json.loads(faultless.to_json())
    for named in written["distances"].values():
        for each in named.values():
            del each["ratio_drawn"]
    del written["settings"]["measures"]
    old = from_json(json.dumps(written))
    assert old.settings == faultless.settings
    assert headings(old) == HEADINGS
    assert [len(cells) for cells in main_rows(old)[0]] == [4, 4, 4]
    assert "another draw" not in judged_parts(replace(old, conditional={}))[-1]
    new = main_rows(faultless)[0][0]
    assert headings(faultless) == (*HEADINGS, "± drawn")
    drawn = faultless.distances["o2"]["mean"].ratio_drawn
    assert drawn is not None and new[-1] == f"± {drawn:.2g}"


def test_json_round_trip(faultless: Judgement) -> None:
    assert from_json(faultless.to_json()) == faultless
    assert faultless.conditional["energy"][0].remark
    assert "NaN" not in faultless.to_json()


def test_a_model_without_light_is_judged_and_serialises() -> None:
    judged = judge(REFERENCE, [np.zeros_like(REFERENCE.dense())], SETTINGS)
    assert judged.distances["features"]["centroid x"].model is None
    assert judged.distances["features"]["centroid x"].ratio is None
    assert judged.sample.empty_generated is not None
    assert judged.sample.empty_generated.mean == 1
    assert from_json(judged.to_json()) == judged


def test_sparse_repetitions_are_judged_as_dense_ones(faultless: Judgement) -> None:
    sparse = [REFERENCE.with_counts(drawn(seed), slice(None)) for seed in (101, 102)]
    found = judge(REFERENCE, sparse, SETTINGS)
    assert replace(found, provenance={}) == replace(faultless, provenance={})


def test_a_judgement_of_sparse_repetitions_holds_no_dense_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("zdcsim.evaluation.quantities.BLOCK", 100)
    monkeypatch.setattr("zdcsim.evaluation.diversity.TOGETHER", 100)
    reference = REFERENCE.select(np.tile(np.arange(len(REFERENCE)), 10))
    generated = [reference.with_counts(reference.dense(), slice(None)) for _ in range(3)]
    tracemalloc.start()
    try:
        judge(reference, generated, replace(SETTINGS, floor_repetitions=2))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * reference.dense().nbytes


def test_rounding_cuts_to_whole_numbers() -> None:
    whole = drawn(101)
    fraction = np.where(whole > 0, whole + 0.9, 0.0)
    cut = judge(REFERENCE, [fraction], SETTINGS)
    assert cut.distances == judge(REFERENCE, [whole], SETTINGS).distances
    left = judge(REFERENCE, [fraction], replace(SETTINGS, rounding="none"))
    assert (left.distances["o2"]["mean"].ratio or 0) > 2 * (cut.distances["o2"]["mean"].ratio or 0)


def test_a_single_copy_needs_the_other_floor() -> None:
    single = toy_responses(40, 1)
    with pytest.raises(ValueError, match="has 1 copy"):
        judge(single, [single.dense()], SETTINGS)
    judged = judge(single, [single.dense()], replace(SETTINGS, floor="particles"))
    assert judged.distances["o2"]["mean"].floor is not None
    assert judged.diversity is None


@pytest.mark.parametrize(
    ("generated", "message"),
    [
        ([], "at least one repetition"),
        ([np.zeros((3, 44, 44))], r"shape \(320, 44, 44\); got \(3, 44, 44\)"),
        ([np.full((320, 44, 44), np.nan)], "finite and not negative"),
        ([np.full((320, 44, 44), -1)], "finite and not negative"),
        ([toy_responses(16, 19)], r"shape \(320, 44, 44\); got \(304, 44, 44\)"),
        ([toy_responses(16, 20, calorimeter=ZP)], r"got \(320, 56, 30\)"),
        ([replace(REFERENCE, counts=-REFERENCE.counts)], "finite and not negative"),
    ],
)
def test_rejects_what_cannot_be_judged(generated: list[Photons], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge(REFERENCE, generated, SETTINGS)


def test_stages_are_announced_in_order() -> None:
    seen: list[str] = []
    judge(REFERENCE, [drawn(101)], SETTINGS, stage=seen.append)
    assert tuple(seen) == STAGES


def test_speed_up_is_the_ratio_of_cpu_seconds() -> None:
    found = speed(REFERENCE, Stopwatch(cpu=0.32, wall=0.16), responses=320, batch_size=10)
    assert astuple(found) == pytest.approx((1.0, 1e-3, 5e-4, 10, 1000.0))
    unknown = replace(REFERENCE, cpu_seconds=np.full(320, np.nan, np.float32))
    assert speed(unknown, Stopwatch(1.0, 1.0), 320, 10).speed_up is None


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"conventions": ("o3",)}, "some of o2, agh, wut; got o3"),
        ({"conventions": ()}, "got none"),
        ({"energy_edges": (5.0,)}, "ascend and be two at least"),
        ({"energy_edges": (5.0, 5.0)}, "ascend"),
        ({"energy_edges": (0.0, float("nan"), 5.0)}, "ascend"),
        ({"floor_repetitions": 1}, "two divisions"),
        ({"fewest_particles": 1}, "must be two at least; got 1"),
        ({"by": ("species", "colour")}, "by species and energy; got colour"),
    ],
)
def test_impossible_settings(choice: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**choice)  # type: ignore[arg-type]
