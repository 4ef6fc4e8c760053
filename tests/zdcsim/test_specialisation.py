"""What experts are given, on responses whose shares are known."""

from dataclasses import replace

import numpy as np
import pytest
from toys import toy_responses

from zdcsim.conditions import ENERGY
from zdcsim.evaluation.specialisation import impacts, specialisation
from zdcsim.geometry import ZP


def test_each_expert_has_the_numbers_of_its_own_particles() -> None:
    sample = toy_responses(10, 4)
    sample = replace(sample, pdg=np.where(np.arange(40) % 4 == 0, 22, 2112).astype(np.int32))
    high = sample.conditions[:, ENERGY] > np.median(sample.conditions[:, ENERGY])
    low, fast, none = specialisation(sample, high.astype(int), 3)
    assert (low.share, fast.share, none.share) == (0.5, 0.5, 0.0)
    assert low.energy[2] < fast.energy[0]
    assert fast.energy[1] == pytest.approx(np.median(sample.conditions[high, ENERGY]))
    assert fast.photon_sum[1] == pytest.approx(np.median(sample.photon_sum()[high]))
    assert low.species == fast.species == {"n": 0.75, "gamma": 0.25}
    assert list(low.species) == ["n", "gamma"]
    assert none.energy == none.photon_sum == none.distance == () and none.species == {}


def test_impacts_are_counted_from_the_centre_of_the_face() -> None:
    sample = toy_responses(30, 2, calorimeter=ZP)
    assert np.abs(impacts(sample)).max() < ZP.half_x / 2 + 0.1
    distance = np.linalg.norm(impacts(sample), axis=1)
    (only,) = specialisation(sample, np.zeros(60, int), 1)
    assert only.distance[1] == pytest.approx(np.median(distance))


def test_choices_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="8 responses need as many choices between 0 and 1"):
        specialisation(toy_responses(4, 2), np.zeros(7, int), 2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        specialisation(toy_responses(4, 2), np.full(8, 2), 2)
