"""The judgement by energy bin."""

import numpy as np
import pytest
from toys import toy_images, toy_responses

from zdcsim.conditions import ENERGY
from zdcsim.evaluation.energy import by_energy
from zdcsim.evaluation.floor import by_group, compare, divisions
from zdcsim.evaluation.quantities import measure
from zdcsim.evaluation.settings import Settings
from zdcsim.geometry import ZN

REFERENCE = toy_responses(20, 10)
GENERATED = toy_images(REFERENCE.conditions, np.random.default_rng(3))
OURS, THEIRS = (measure(each, ZN, ("o2",)) for each in (REFERENCE, GENERATED))


def settings(*edges: float) -> Settings:
    return Settings(conventions=("o2",), energy_edges=edges, fewest_in_bin=40)


def test_every_response_is_in_the_bin_of_its_energy() -> None:
    found = by_energy(REFERENCE, OURS, [THEIRS], settings(0, 200, 800, 4000))
    energy = REFERENCE.conditions[:, ENERGY]
    for bin_ in found:
        inside = (energy >= bin_.low) & (energy < bin_.high)
        assert (bin_.responses, bin_.particles) == (inside.sum(), inside.sum() // 10)
        assert bin_.photon_sum == pytest.approx(REFERENCE.photon_sum()[inside].mean())
    assert sum(bin_.responses for bin_ in found) == len(REFERENCE)


def test_a_bin_equals_its_particles_judged_alone() -> None:
    chosen = settings(0, 500, 4000)
    found = by_energy(REFERENCE, OURS, [THEIRS], chosen)[1]
    rows = np.flatnonzero(REFERENCE.conditions[:, ENERGY] >= 500)
    divided = divisions(REFERENCE.particle[rows], chosen)
    assert found.distances == by_group(compare(OURS.select(rows), [THEIRS.select(rows)], divided))


def test_a_bin_too_small_is_said_to_be_so() -> None:
    low = by_energy(REFERENCE, OURS, [THEIRS], settings(0, 1, 4000))[0]
    assert low.remark == "too few responses to judge: 0, at least 40 wanted"
    assert low.distances == {}
    assert low.photon_sum is None
