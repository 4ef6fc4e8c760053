"""Tagged tracks are pure, and a shift of the data is seen without truth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from pid import cuts
from pid.evaluation.tagged import check, tagged
from pid.io import producer
from pid.species import TARGETS
from pid.tracks import Tracks
from pid.working_point import WorkingPoint

DATA = Path(__file__).parents[2] / "data"
POINTS = {
    pdg: WorkingPoint("f1", None, (0.0, 50.0), (0.5,), (99,), (False,)) for pdg in (211, -321)
}


@pytest.fixture(scope="module")
def simulation() -> Tracks:
    tracks = producer.read(DATA / "pid_simulation.root")
    return cuts.apply(tracks, cuts.DetectorLimits())


def test_tags_are_pure_and_need_both_detectors(simulation: Tracks) -> None:
    tags = tagged(simulation)
    for pdg, least in ((211, 0.99), (321, 0.9), (-2212, 0.95)):
        own = tags == pdg
        assert own.sum() > 200
        assert (simulation.truth()[own] == pdg).mean() > least
    assert not tags[np.isnan(simulation.column("fBeta"))].any()
    turned = replace(simulation, pdg=None, primary=None)
    assert np.array_equal(tagged(turned), tags)


def by_truth(tracks: Tracks, shift: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A score that finds 80 % of two species, less by a shift."""
    true = np.column_stack([tracks.truth() == pdg for pdg in POINTS])
    return np.where(true, 0.3 - shift, 0.0) + rng.random(true.shape)


def test_a_shift_of_the_scores_is_seen(simulation: Tracks, rng: np.random.Generator) -> None:
    half = rng.random(len(simulation)) < 0.5
    ours, theirs = simulation.select(half), simulation.select(~half)
    for shift in (0.0, 0.2):
        scores = by_truth(ours, 0.0, rng), by_truth(theirs, shift, rng)
        pion = check((ours, scores[0]), (theirs, scores[1]), POINTS)[0]
        assert pion.simulation.value is not None and pion.data.value is not None
        n = min(pion.simulation.whole, pion.data.whole)
        assert pion.simulation.value - pion.data.value == pytest.approx(
            shift, abs=5 * np.sqrt(2 * 0.25 / n)
        )
        rows = [tagged(tracks) == 211 for tracks in (ours, theirs)]
        expected = ks_2samp(scores[0][rows[0], 0], scores[1][rows[1], 0]).statistic
        assert pion.distance == pytest.approx(expected)


def test_few_tagged_tracks_have_no_distance(simulation: Tracks) -> None:
    few = simulation.select(np.arange(30))
    found = check((few, np.ones((30, 2))), (few, np.ones((30, 2))), POINTS)
    assert [each.distance for each in found] == [None, None]
    assert set(TARGETS) >= {each.pdg for each in found}
