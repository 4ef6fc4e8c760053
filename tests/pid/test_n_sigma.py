"""The n-sigma cut: deviations of simulated signals, and how they are combined."""

import numpy as np
import pytest
from toy_signals import tracks_of

from pid.models.charge import by_charge
from pid.models.deviations import ResponseSettings, deviations
from pid.models.n_sigma import score
from pid.species import CLASSES, TARGETS, Species

RESPONSE = ResponseSettings()


@pytest.mark.parametrize("species", CLASSES, ids=lambda species: species.name)
def test_deviations_of_the_true_species_are_normal(
    species: Species, rng: np.random.Generator
) -> None:
    index = CLASSES.index(species)
    found = deviations(tracks_of(index, 4000, rng), RESPONSE)
    for values in (found.tpc[:, index], found.tof[:, index]):
        # Standard errors of a mean and of a standard deviation of 4000 normal numbers.
        assert values.mean() == pytest.approx(0, abs=5 / 4000**0.5)
        assert values.std() == pytest.approx(1, abs=5 / 8000**0.5)


def test_the_tof_counts_from_its_momentum_and_where_it_is(rng: np.random.Generator) -> None:
    tracks = tracks_of(0, 200, rng)
    found = deviations(tracks, RESPONSE)
    n = 1 / score(tracks)[:, 0] - 1
    high = tracks.column("fP") >= 0.5
    assert 0 < high.sum() < 200
    np.testing.assert_allclose(n[high], np.hypot(found.tpc, found.tof)[high, 0], rtol=1e-9)
    np.testing.assert_allclose(n[~high], np.abs(found.tpc[~high, 0]), rtol=1e-9)
    tracks.values[:, tracks.columns.index("fBeta")] = np.nan
    np.testing.assert_allclose(1 / score(tracks)[:, 0] - 1, np.abs(found.tpc[:, 0]), rtol=1e-9)
    tracks.values[:, tracks.columns.index("fTPCSignal")] = np.nan
    assert (score(tracks) == 0).all()


def test_the_wrong_sign_scores_nothing(rng: np.random.Generator) -> None:
    tracks = tracks_of(0, 50, rng)
    positive = np.array([code > 0 if abs(code) != 11 else code < 0 for code in TARGETS])
    assert (score(tracks)[:, positive] > 0).all()
    assert (score(tracks)[:, ~positive] == 0).all()
    tracks.values[:, tracks.columns.index("fSign")] = -1
    assert (score(tracks)[:, positive] == 0).all()


def test_targets_take_the_score_of_their_class() -> None:
    scores = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]])
    found = by_charge(scores, np.array([1.0, -1.0]))
    assert found[0].tolist() == [0.1, 0.2, 0.3, 0, 0, 0, 0, 0.4]
    assert found[1].tolist() == [0, 0, 0, 0.8, 0.5, 0.6, 0.7, 0]
    with pytest.raises(ValueError, match=r"scores must have shape \(N, 4\)"):
        by_charge(scores[:, :3], np.array([1.0, -1.0]))
