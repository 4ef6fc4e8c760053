"""Training and validation never share a particle, and do not move when the sample grows."""

from dataclasses import replace

import numpy as np
import pytest
from toys import toy_responses

from zdcsim.sample.split import split, uniform_hash


def test_a_split_by_particle_shares_none_and_loses_nothing() -> None:
    responses = toy_responses(particles=60, copies=3)
    train, validation = split(responses, 0.3, seed=1)
    assert not set(train.particle) & set(validation.particle)
    assert len(train) + len(validation) == len(responses)
    assert train.photon_sum().sum() + validation.photon_sum().sum() == responses.photon_sum().sum()


def test_a_random_split_shares_particles() -> None:
    train, validation = split(toy_responses(particles=30, copies=5), 0.3, seed=1, by="random")
    assert set(train.particle) & set(validation.particle)


def test_more_particles_do_not_reshuffle_the_others() -> None:
    large = toy_responses(particles=40, copies=2)
    small = large.select(large.particle < 25)
    validates_small = set(split(small, 0.3, seed=4)[1].particle)
    validates_large = set(split(large, 0.3, seed=4)[1].particle)
    assert validates_small == {p for p in validates_large if p < 25}


def test_the_order_of_the_file_does_not_matter() -> None:
    responses = toy_responses(particles=30, copies=2)
    shuffled = responses.select(np.random.default_rng(1).permutation(len(responses)))
    assert set(split(responses, 0.3, 1)[1].particle) == set(split(shuffled, 0.3, 1)[1].particle)


def test_another_seed_splits_differently() -> None:
    responses = toy_responses(particles=50, copies=1)
    assert set(split(responses, 0.3, 1)[1].particle) != set(split(responses, 0.3, 2)[1].particle)


def test_the_hash_is_uniform_and_uncorrelated_with_the_key() -> None:
    n = 20_000
    values = uniform_hash(np.arange(n), seed=3)
    assert ((values >= 0) & (values < 1)).all()
    counts = np.histogram(values, bins=20, range=(0, 1))[0]
    assert np.abs(counts - n / 20).max() < 5 * np.sqrt(n / 20)
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 5 / np.sqrt(n)
    assert abs(np.corrcoef(values, uniform_hash(np.arange(n), seed=4))[0, 1]) < 5 / np.sqrt(n)


def test_an_empty_side_is_an_error() -> None:
    one = toy_responses(particles=1, copies=4)
    with pytest.raises(ValueError, match="4 responses of 1 particle cannot be split"):
        split(one, 0.5, seed=1)
    with pytest.raises(ValueError, match="leaves one side of 2 particles empty"):
        split(toy_responses(particles=2, copies=4), 0.001, seed=1)
    with pytest.raises(ValueError, match=r"between 0 and 1; got 1\.5"):
        split(replace(one), 1.5, seed=1)
