"""Numbers in the order of first appearance."""

from itertools import pairwise

import numpy as np
import pytest

from zdcsim.io.numbering import Numbers, ParticleNumbers, digests


def test_particles_are_numbered_by_first_appearance() -> None:
    pdg = np.array([22, 22, 2112, 22], np.int32)
    conditions = np.zeros((4, 9), np.float32)
    conditions[1, 0], conditions[3, 0] = 1, -0.0
    numbers = ParticleNumbers()
    assert numbers.of(pdg, conditions).tolist() == [0, 1, 2, 0]
    assert numbers.of(pdg[2:], conditions[2:]).tolist() == [2, 0]


@pytest.mark.parametrize("most", [1, 40, 900])
def test_numbers_are_those_of_a_dictionary_in_a_tenth_of_its_memory(
    most: int, rng: np.random.Generator
) -> None:
    numbers, known = Numbers(), dict[bytes, int]()
    for _ in range(60):
        drawn = [b"%d" % thing for thing in rng.integers(5000, size=rng.integers(most + 1))]
        expected = [known.setdefault(thing, len(known)) for thing in drawn]
        assert numbers.of(digests(drawn)).tolist() == expected
        assert len(numbers) == len(known)
    sizes = [len(keys) for keys, _ in numbers._sorted]
    assert sum(sizes) == len(known)
    assert all(longer >= 2 * shorter for longer, shorter in pairwise(sizes))
    assert sum(a.nbytes for pair in numbers._sorted for a in pair) == 24 * len(known)
