"""A judgement: every bin, pattern and target counted where it belongs, and comparisons."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from pid.columns import MODEL
from pid.evaluation.comparison import compare, mean_over_species
from pid.evaluation.judgement import Judgement, from_json, judge
from pid.evaluation.rates import rates
from pid.evaluation.settings import Settings
from pid.tracks import Tracks
from pid.working_point import WorkingPoint

EDGES = (0.0, 1.0, 2.0, 10.0)
SETTINGS = Settings(p_edges=EDGES, pt_edges=EDGES)
N = 600


def tracks(rng: np.random.Generator) -> Tracks:
    """Random tracks with every pattern of detectors; half of them are primaries."""
    values = rng.normal(size=(N, len(MODEL))).astype(np.float32)
    momentum = rng.uniform(0.2, 3, N).astype(np.float32)
    for name, value in (("fP", momentum), ("fPx", momentum * 0.6), ("fPy", momentum * 0.0)):
        values[:, MODEL.index(name)] = value
    without_trd, without_tof = rng.random((2, N)) < 0.5
    values[without_trd, MODEL.index("fTRDPattern")] = np.nan
    for name in ("fTOFSignal", "fBeta"):
        values[without_tof, MODEL.index(name)] = np.nan
    pdg = rng.choice(np.array([211, -211, 321, 2212, 13], np.int32), N)
    return Tracks(MODEL, values, np.arange(N), pdg, rng.random(N) < 0.5, {"data_kind": "toy"})


def points() -> dict[int, WorkingPoint]:
    thresholds = (0.3, 0.5, 0.7)
    return {
        pdg: WorkingPoint("f1", None, EDGES, thresholds, (9, 9, 9), (False,) * 3)
        for pdg in (211, 321)
    }


@pytest.fixture
def sample(rng: np.random.Generator) -> Tracks:
    return tracks(rng)


@pytest.fixture
def scores(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.random((N, 2))


def test_bins_and_patterns_hold_every_track_once(
    sample: Tracks, scores: NDArray[np.float64]
) -> None:
    found = judge("toy", sample, scores, points(), SETTINGS)
    for target in found.targets:
        for parts in (
            [each.rates for each in target.by_p],
            [each.rates for each in target.by_pt],
            list(target.by_pattern.values()),
        ):
            assert sum(part.tracks for part in parts) == N
            assert sum(part.efficiency.whole for part in parts) == target.signal
            assert sum(part.purity.whole for part in parts) == target.rates.purity.whole
    assert sum(found.sample.species.values()) == N
    assert sum(found.sample.patterns.values()) == pytest.approx(1)


def test_thresholds_are_those_of_the_track_s_pt(
    sample: Tracks, scores: NDArray[np.float64]
) -> None:
    found = judge("toy", sample, scores, points(), SETTINGS)
    pt = 0.6 * sample.column("fP")
    cut = np.where(pt < 1, 0.3, np.where(pt < 2, 0.5, 0.7))
    expected = rates(scores[:, 1] >= cut, sample.truth() == 321)
    assert found.targets[1].rates == expected
    middle = (pt >= 1) & (pt < 2)
    assert found.targets[1].by_pt[1].rates == rates(
        scores[middle, 1] >= 0.5, sample.truth()[middle] == 321
    )
    only = ~np.isnan(sample.column("fTRDPattern")) & np.isnan(sample.column("fBeta"))
    assert found.targets[1].by_pattern["TPC, TRD"].tracks == only.sum()


def test_primaries_alone(sample: Tracks, scores: NDArray[np.float64]) -> None:
    settings = Settings(p_edges=EDGES, pt_edges=EDGES, kept="primaries")
    found = judge("toy", sample, scores, points(), settings)
    assert sample.primary is not None
    assert found.sample.tracks == sample.primary.sum()
    with pytest.raises(ValueError, match="which tracks are primaries"):
        judge("toy", replace(sample, pdg=None, primary=None), scores, points(), settings)


def test_json_returns_the_judgement(sample: Tracks, scores: NDArray[np.float64]) -> None:
    found = judge("toy", sample, scores, points(), SETTINGS, seed=3, model={"a": 1})
    assert from_json(found.to_json()) == found


def test_a_target_without_tracks_has_no_numbers(
    sample: Tracks, scores: NDArray[np.float64]
) -> None:
    no_kaons = replace(sample, pdg=np.where(sample.truth() == 321, 13, sample.truth()))
    found = judge("toy", no_kaons, scores, points(), SETTINGS).targets[1]
    assert found.roc_auc is None
    assert found.rates.efficiency.value is None
    assert found.rates.purity.value == 0


def test_wrong_shapes_are_said(sample: Tracks, scores: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match=r"got \(600, 1\)"):
        judge("toy", sample, scores[:, :1], points(), SETTINGS)


def seeds(sample: Tracks, rng: np.random.Generator) -> list[Judgement]:
    """A good classifier with three seeds and a random one."""
    truth = np.column_stack([sample.truth() == pdg for pdg in (211, 321)])
    good = [truth * 0.8 + 0.2 * rng.random((N, 2)) for _ in range(3)]
    found = [judge("good", sample, each, points(), SETTINGS, seed=i) for i, each in enumerate(good)]
    return [*found, judge("random", sample, rng.random((N, 2)), points(), SETTINGS)]


def test_seeds_are_put_together(sample: Tracks, rng: np.random.Generator) -> None:
    judgements = seeds(sample, rng)
    found = compare(judgements)
    assert [row.name for row in found.rows] == ["good", "random"]
    kaon = found.rows[0].targets[321]["ROC AUC"]
    single = [each.targets[1].roc_auc for each in judgements[:3]]
    assert kaon.mean == pytest.approx(np.mean(single))  # type: ignore[arg-type]
    assert kaon.spread == pytest.approx(np.std(single, ddof=1))  # type: ignore[arg-type]
    assert found.rows[1].targets[321]["F1"].spread is None
    assert found.best(321, "F1") == found.best(211, "log-loss") == "good"


def test_other_samples_are_not_compared(sample: Tracks, rng: np.random.Generator) -> None:
    judgements = seeds(sample, rng)
    half = sample.select(np.arange(N) % 2 == 0)
    other = judge("half", half, rng.random((len(half), 2)), points(), SETTINGS)
    with pytest.raises(ValueError, match="different samples"):
        compare([*judgements, other])


def test_another_domain_is_not_compared(sample: Tracks, scores: NDArray[np.float64]) -> None:
    one = judge("one", sample, scores, points(), SETTINGS)
    other = judge("other", sample, scores, points(), SETTINGS, sample="shifted")
    with pytest.raises(ValueError, match="different samples"):
        compare([one, other])


def test_a_score_that_is_no_probability_is_not_judged_as_one(
    sample: Tracks, scores: NDArray[np.float64]
) -> None:
    judged = judge("n-sigma", sample, scores, points(), SETTINGS, probabilistic=False)
    assert judged.targets[0].probabilities is None
    assert judged.targets[0].curves.probability == ()
    row = compare([judged]).rows[0]
    assert mean_over_species(row, "log-loss") is None
    areas = [found.roc_auc for found in judged.targets]
    assert mean_over_species(row, "ROC AUC") == pytest.approx(np.mean(areas))  # type: ignore[arg-type]
    assert from_json(judged.to_json()) == judged
