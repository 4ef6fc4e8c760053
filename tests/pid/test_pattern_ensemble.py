"""The ensemble: each pattern of detectors has a network of its own."""

import numpy as np
import pytest
import torch
from toy_classifiers import FEATURES, TOF, TRD, made, toy_values

from pid.models.pattern_ensemble import PatternEnsemble


@pytest.fixture
def ensemble() -> PatternEnsemble:
    classifier = made("pattern ensemble")
    assert isinstance(classifier, PatternEnsemble)
    return classifier


def test_each_pattern_trains_its_own_network(
    ensemble: PatternEnsemble, rng: np.random.Generator
) -> None:
    values = toy_values(64, rng)
    only_trd_misses = values[1::4]
    torch.autograd.backward(ensemble(only_trd_misses).square().sum())
    moved = [
        index
        for index, trunk in enumerate(ensemble.trunks)
        if any(p.grad is not None and p.grad.abs().sum() > 0 for p in trunk.parameters())
    ]
    assert len(moved) == 1
    expected = torch.ones(FEATURES)
    expected[list(TRD)] = 0
    assert torch.equal(ensemble.known[moved[0]], expected)


def test_the_answer_is_that_of_the_one_network(
    ensemble: PatternEnsemble, rng: np.random.Generator
) -> None:
    values = toy_values(8, rng)
    complete, tpc_only = values[0::4], values[3::4]
    inputs = tpc_only.nan_to_num(0.0)
    torch.testing.assert_close(
        ensemble(tpc_only), ensemble.heads[3](ensemble.trunks[3](inputs).relu())
    )
    torch.testing.assert_close(
        ensemble(complete), ensemble.heads[0](ensemble.trunks[0](complete).relu())
    )


def test_tracks_without_a_network_of_their_own_get_the_nearest(ensemble: PatternEnsemble) -> None:
    half_tof = torch.ones(1, FEATURES)
    half_tof[0, TOF[0]] = 0
    no_track = torch.ones(1, FEATURES)
    no_track[0, 5] = 0
    served = ensemble.responsible(torch.cat([half_tof, no_track, torch.zeros(1, FEATURES)]))
    without_tof = (ensemble.known[:, list(TOF)] == 0).all(1) & (ensemble.known[:, TRD[0]] == 1)
    assert served.sum(dim=1).tolist() == [1, 1, 1]
    assert served[0].argmax() == without_tof.int().argmax()
    assert served[1].argmax() == served[2].argmax() == ensemble.known.sum(1).argmin()


def test_a_feature_of_two_detectors_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold different features below 4"):
        PatternEnsemble(4, 1, optional=((0, 1), (1,)))
