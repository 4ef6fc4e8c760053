"""Diversity of the copies of a particle."""

import numpy as np
import pytest
from toys import toy_images, toy_responses

from zdcsim.evaluation.diversity import diversity, light, particle_diversity
from zdcsim.evaluation.floor import divisions
from zdcsim.evaluation.settings import Settings


def test_equals_a_loop_over_particles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of images end within a particle; sums are of whole particles, one or two here."""
    monkeypatch.setattr("zdcsim.evaluation.quantities.BLOCK", 5)
    reference = toy_responses(4, 6)
    images = reference.dense().astype(float)
    expected = [images[reference.particle == p].std(axis=0, ddof=1).sum() for p in range(4)]
    for together in (5, 7, 2000):
        monkeypatch.setattr("zdcsim.evaluation.diversity.TOGETHER", together)
        for sample in (reference, images):
            found = particle_diversity(light(sample), reference.particle)
            np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_counts_that_are_not_whole_are_kept() -> None:
    reference = toy_responses(4, 6)
    whole = particle_diversity(light(reference), reference.particle)
    half = particle_diversity(light(0.5 * reference.dense()), reference.particle)
    np.testing.assert_allclose(half, 0.5 * whole, rtol=1e-10)


def test_some_rows_of_rows_in_any_order() -> None:
    reference = toy_responses(4, 6)
    shuffled = reference.select(np.random.default_rng(1).permutation(24))
    rows = np.random.default_rng(2).permutation(24)[:15]
    images, particle = shuffled.dense(rows).astype(float), shuffled.particle[rows]
    expected = [images[particle == p].std(axis=0, ddof=1).sum() for p in range(4)]
    found = particle_diversity(light(shuffled.dense()), shuffled.particle, rows)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_a_single_response_has_no_diversity() -> None:
    reference = toy_responses(2, 3)
    found = particle_diversity(light(reference), reference.particle, np.array([0, 3, 4]))
    assert np.isnan(found[0])
    assert found[1] > 0


def test_equal_copies_have_none_and_independent_ones_the_reference_s() -> None:
    reference = toy_responses(8, 20)
    divided = divisions(reference.particle, Settings(floor_repetitions=10))
    first = reference.dense()[np.repeat(np.arange(0, 160, 20), 20)]
    collapsed = diversity(reference, [first], divided)
    assert collapsed is not None
    assert collapsed.generated is not None
    assert collapsed.generated.mean == pytest.approx(0.0, abs=1e-6)
    assert collapsed.difference.whole is not None
    assert collapsed.difference.whole.mean == pytest.approx(collapsed.reference)
    assert collapsed.difference.ratio is not None
    assert collapsed.difference.ratio > 10
    drawn = toy_images(reference.conditions, np.random.default_rng(2))
    independent = diversity(reference, [drawn], divided)
    assert independent is not None
    assert independent.difference.ratio is not None
    assert 0.4 < independent.difference.ratio < 2.5


def test_too_few_copies() -> None:
    assert diversity(toy_responses(4, 1), [toy_responses(4, 1).dense()], []) is None
    reference = toy_responses(4, 3)
    divided = divisions(reference.particle, Settings())
    without_floor = diversity(reference, [reference.dense()], divided)
    assert without_floor is not None
    assert without_floor.difference.floor is None
    assert without_floor.difference.whole is not None
