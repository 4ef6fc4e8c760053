"""Halves of the Monte Carlo, and the ratio of a model to their distance."""

import numpy as np
import pytest
from toys import toy_images, toy_responses

from zdcsim.evaluation.floor import by_group, compare, distances, divisions, halves, ratio, spread
from zdcsim.evaluation.quantities import Measured, Quantity, measure
from zdcsim.evaluation.settings import Settings
from zdcsim.geometry import ZN
from zdcsim.wasserstein import w1


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("copies", [2, 5, 20])
def test_halves_of_the_copies_share_no_row_and_hold_each_particle_equally(copies: int) -> None:
    particle = generator().permutation(np.repeat([7, 3, 11], copies))
    a, b = halves(particle, "copies", generator())
    assert not set(a) & set(b)
    for unique in (3, 7, 11):
        assert (particle[a] == unique).sum() == (particle[b] == unique).sum() == copies // 2


def test_halves_are_random_and_repeatable() -> None:
    particle = np.repeat(np.arange(4), 20)
    first, again = (halves(particle, "copies", generator(5))[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, halves(particle, "copies", generator(6))[0])
    assert not np.array_equal(first % 20, np.tile(np.arange(10), 4))


def test_every_copy_is_equally_often_in_a_half() -> None:
    particle = np.repeat(np.arange(3), 5)
    drawn = [halves(particle, "copies", generator(seed))[0] for seed in range(2000)]
    often = np.bincount(np.concatenate(drawn), minlength=15) / 2000
    assert np.abs(often - 0.4).max() < 5 * np.sqrt(0.4 * 0.6 / 2000)


def test_halves_of_the_particles_keep_copies_together() -> None:
    particle = np.repeat(np.arange(9), 3)
    a, b = halves(particle, "particles", generator())
    assert not set(particle[a]) & set(particle[b])
    assert len(a) == len(b) == 12


def test_a_single_copy_is_an_error_that_names_the_way_out() -> None:
    particle = np.array([1, 1, 2])
    with pytest.raises(ValueError, match=r"particle 2 has 1 copy.*--floor particles"):
        halves(particle, "copies", generator())
    assert len(halves(particle, "particles", generator())[0])
    with pytest.raises(ValueError, match="two particles at least"):
        halves(np.array([1, 1]), "particles", generator())


def test_ratio_of_independent_draws_is_one() -> None:
    ratios = []
    for seed in range(30):
        reference = toy_responses(particles=12, copies=8, seed=seed)
        generated = toy_images(reference.conditions, generator(1000 + seed))
        ours, theirs = (measure(each, ZN, ("agh",)) for each in (reference, generated))
        divided = divisions(reference.particle, Settings(floor_repetitions=6, seed=seed))
        found = by_group(compare(ours, [theirs], divided))
        judged = (found["agh"]["mean"], found["features"]["photon sum"])
        ratios.append([each.ratio or np.nan for each in judged])
    mean, error = np.mean(ratios, axis=0), np.std(ratios, axis=0, ddof=1) / np.sqrt(len(ratios))
    assert (np.abs(mean - 1) < 5 * error).all()
    assert (error < 0.1).all()


def test_compare_takes_the_model_at_the_rows_of_a_and_the_floor_from_b() -> None:
    quantity = Quantity("features", "photon sum", "photo-electrons")
    values = np.array([[1.0], [2.0], [4.0], [8.0]])
    reference = Measured((quantity,), values)
    generated = [Measured((quantity,), values + 10), Measured((quantity,), values + 20)]
    a, b = np.array([0, 2]), np.array([1, 3])
    found = compare(reference, generated, [(a, b), (a, b)])[quantity]
    assert found.floor is not None
    assert found.floor.mean == pytest.approx(w1(values[a, 0], values[b, 0])) == pytest.approx(2.5)
    assert found.model is not None
    assert found.model.mean == pytest.approx(((11 + 14 - 2 - 8) / 2 + (21 + 24 - 2 - 8) / 2) / 2)
    assert found.ratio == pytest.approx(found.model.mean / found.floor.mean)
    assert found.whole is not None
    assert (found.whole.mean, found.whole.repetitions) == pytest.approx((15.0, 2))
    assert found.pooled == pytest.approx(15.0)


def test_mean_is_over_the_channels_of_one_convention() -> None:
    a, b = (measure(toy_responses(3, 4, seed=seed), ZN, ("o2", "wut")) for seed in (1, 2))
    found = distances(a, b)
    for convention in ("o2", "wut"):
        columns = zip(a.group(convention).T, b.group(convention).T, strict=True)
        mean = np.mean([w1(left, right) for left, right in columns])
        assert found[Quantity(convention, "mean", "photo-electrons")] == pytest.approx(mean)
    assert len(found) == 5 + 1 + 5 + 1 + 6


def test_ratio_has_the_spread_of_paired_values() -> None:
    assert ratio([2.0, 4.0], [1.0, 2.0]) == pytest.approx((2.0, 0.0))
    found = ratio([3.0, 5.0], [2.0, 2.0])
    assert found == pytest.approx((2.0, np.sqrt(2) / 2))
    assert ratio([1.0, 1.0], [0.0, 0.0]) == (None, None)
    assert ratio([1.0, 1.0], [-0.2, 0.1]) == (None, None)
    assert ratio([np.nan, 1.0], [1.0, 1.0]) == (None, None)


def test_spread_of_undefined_and_single_values() -> None:
    assert spread([np.nan, 1.0]) is None
    single = spread([3.0])
    assert single is not None
    assert (single.mean, single.spread, single.repetitions) == (3.0, 0.0, 1)
