"""Generated files put beside the reference."""

from dataclasses import replace

import numpy as np
import pytest
from toys import toy_responses

from zdcsim.evaluation.matching import repetitions
from zdcsim.geometry import ZP

REFERENCE = toy_responses(5, 3)


def test_any_order_of_particles_is_put_right() -> None:
    order = np.random.default_rng(1).permutation(15)
    shuffled = REFERENCE.select(order)
    (found,) = repetitions(shuffled, REFERENCE.select(np.argsort(REFERENCE.particle[::-1])))
    total = found.photon_sum()
    for particle in range(5):
        rows = shuffled.particle == particle
        theirs = REFERENCE.photon_sum()[REFERENCE.particle == particle]
        assert sorted(total[rows]) == sorted(theirs)


def test_rows_of_a_particle_keep_their_order() -> None:
    (found,) = repetitions(REFERENCE, REFERENCE)
    np.testing.assert_array_equal(found.dense(), REFERENCE.dense())


def test_twice_the_responses_are_two_repetitions() -> None:
    double = REFERENCE.select(np.repeat(np.arange(15).reshape(5, 3), 2, axis=0).ravel())
    first, second = repetitions(REFERENCE, double)
    for found in (first, second):
        np.testing.assert_array_equal(found.dense(), REFERENCE.dense())


@pytest.mark.parametrize("particle", [0, 3, 4])
def test_the_particle_that_lacks_responses_is_named(particle: int) -> None:
    double = np.repeat(np.arange(15), 2)
    incomplete = REFERENCE.select(np.delete(double, 6 * particle))
    message = f"particle {particle} has 5 generated responses for 3 .* which is 2 for most"
    with pytest.raises(ValueError, match=message):
        repetitions(REFERENCE, incomplete)


def test_fewer_responses_than_the_reference_are_not_a_repetition() -> None:
    single = REFERENCE.select(np.arange(0, 15, 3))
    with pytest.raises(ValueError, match="particle 0 has 1 generated responses for 3"):
        repetitions(REFERENCE, single)


def test_files_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="4 particles, of which 4 are among the 5"):
        repetitions(REFERENCE, REFERENCE.select(REFERENCE.particle < 4))
    other = replace(REFERENCE, conditions=REFERENCE.conditions + np.float32(1))
    with pytest.raises(ValueError, match="particle 0 has other conditions"):
        repetitions(REFERENCE, other)
    with pytest.raises(ValueError, match="ZN and the generated file ZP"):
        repetitions(REFERENCE, toy_responses(5, 3, calorimeter=ZP))
