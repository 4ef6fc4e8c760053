"""What experts are given, on responses whose shares are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toys import toy_responses

from zdcsim.conditions import ENERGY
from zdcsim.evaluation.specialisation import specialisation
from zdcsim.io import tree
from zdcsim.validation.groups import impacts


def test_each_expert_has_the_numbers_of_its_own_particles() -> None:
    sample = toy_responses(10, 4)
    sample = replace(sample, pdg=np.where(np.arange(40) % 4 == 0, 22, 2112).astype(np.int32))
    high = sample.conditions[:, ENERGY] > np.median(sample.conditions[:, ENERGY])
    low, fast, none = specialisation(sample, high.astype(int), 3, np.zeros((40, 2)))
    assert (low.share, fast.share, none.share) == (0.5, 0.5, 0.0)
    assert low.energy[2] < fast.energy[0]
    assert fast.energy[1] == pytest.approx(np.median(sample.conditions[high, ENERGY]))
    assert fast.photon_sum[1] == pytest.approx(np.median(sample.photon_sum()[high]))
    assert low.species == fast.species == {"n": 0.75, "gamma": 0.25}
    assert list(low.species) == ["n", "gamma"]
    assert none.energy == none.photon_sum == none.distance == () and none.species == {}


def test_distances_are_those_of_the_impacts_that_are_given() -> None:
    at = np.stack([np.arange(60.0), np.zeros(60)], axis=1)
    (only,) = specialisation(toy_responses(30, 2), np.zeros(60, int), 1, at)
    assert only.distance == pytest.approx((9.44, 29.5, 49.56))


def test_protons_of_the_committed_sample_hit_the_face_behind_the_magnets() -> None:
    sample = tree.read(Path(__file__).parents[2] / "data" / "zp_test.root")
    face = sample.calorimeter
    assert (np.abs(impacts(sample)) < [face.half_x, face.half_y]).all()


def test_choices_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="8 responses need as many choices between 0 and 1"):
        specialisation(toy_responses(4, 2), np.zeros(7, int), 2, np.zeros((8, 2)))
    with pytest.raises(ValueError, match="between 0 and 1"):
        specialisation(toy_responses(4, 2), np.full(8, 2), 2, np.zeros((8, 2)))
