"""Split: no collision on two sides, rare species shared out, same seed same split."""

from dataclasses import replace

import numpy as np
import pytest
from toy_tracks import toy_tracks

from pid.sample.split import split
from pid.tracks import Tracks


def crowded(events: int, rng: np.random.Generator) -> Tracks:
    """Five tracks an event: pions, and in one event of ten one kaon."""
    tracks = toy_tracks(5 * events)
    pdg = np.full(5 * events, 211, np.int32)
    pdg[5 * np.arange(0, events, 10)] = -321
    event = np.repeat(rng.permutation(events), 5)
    return replace(tracks, event=event, pdg=pdg)


def test_a_collision_is_never_on_two_sides(rng: np.random.Generator) -> None:
    tracks = crowded(200, rng)
    found = split(tracks, 0.2, 0.3)
    assert (found.train.astype(int) + found.validation + found.test == 1).all()
    sides = [set(tracks.event[mask].tolist()) for mask in vars(found).values()]
    assert [len(side) for side in sides] == [100, 40, 60]
    assert len(set.union(*sides)) == 200


def test_rare_species_have_their_share_everywhere(rng: np.random.Generator) -> None:
    tracks = crowded(200, rng)
    kaons = tracks.truth() == -321
    for seed in range(5):
        found = split(tracks, 0.2, 0.3, seed)
        assert [int(kaons[mask].sum()) for mask in vars(found).values()] == [10, 4, 6]


def test_the_split_depends_on_the_seed_and_not_on_the_order(rng: np.random.Generator) -> None:
    tracks = crowded(100, rng)
    found = split(tracks, seed=3)
    assert np.array_equal(found.train, split(tracks, seed=3).train)
    assert not np.array_equal(found.train, split(tracks, seed=4).train)
    shuffled = rng.permutation(len(tracks))
    assert np.array_equal(found.test[shuffled], split(tracks.select(shuffled), seed=3).test)


def test_tracks_without_truth_are_split_too(rng: np.random.Generator) -> None:
    found = split(replace(crowded(50, rng), pdg=None, primary=None), 0.2, 0.2)
    assert [int(mask.sum()) for mask in vars(found).values()] == [150, 50, 50]


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.0, 0.2), (-0.1, 0.2), (0.2, 1.2)])
def test_shares_that_do_not_split_are_named(shares: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=f"shares of {shares[0]} and {shares[1]} do not split"):
        split(toy_tracks(40), *shares)


def test_too_few_events_are_named() -> None:
    with pytest.raises(ValueError, match=r"3 events are too few .* none is left for validation"):
        split(replace(toy_tracks(12), pdg=None, primary=None), 0.1, 0.3)
