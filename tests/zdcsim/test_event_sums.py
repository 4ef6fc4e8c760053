"""Event sums against a plain loop, and the event branch of the file."""

from pathlib import Path

import numpy as np
import pytest
from toys import toy_responses

from zdcsim.conditions import PZ
from zdcsim.geometry import ZP
from zdcsim.io import tree
from zdcsim.montecarlo.events import copies, event_sums


def test_event_sums_are_sums_over_particles() -> None:
    responses = toy_responses(particles=9, copies=3, seed=8, calorimeter=ZP)
    responses.conditions[::2, PZ] *= -1
    responses.conditions[:, PZ] *= np.repeat(np.where(np.arange(9) % 4 == 0, -1, 1), 3)
    event = np.repeat([4, 4, 4, 4, 7, 7, 7, 9, 9], 3)
    images, sums = responses.dense(), event_sums(responses, event)
    for i in range(len(sums.event)):
        total, found = np.zeros(ZP.shape), 0
        for row in range(27):
            same_side = (responses.conditions[row, PZ] > 0) == sums.towards_a[i]
            if event[row] == sums.event[i] and row % 3 == sums.copy[i] and same_side:
                total += images[row]
                found += 1
        assert sums.particles[i] == found > 0
        assert np.array_equal(sums.photons[i], total)
    assert sums.photons.sum() == responses.counts.sum()
    assert sums.particles.sum() == 27


def test_copies_count_within_a_particle() -> None:
    assert copies(np.array([5, 5, 3, 5, 3, 9])).tolist() == [0, 1, 0, 2, 1, 0]


def test_every_response_needs_an_event() -> None:
    with pytest.raises(ValueError, match="6 responses need as many event numbers"):
        event_sums(toy_responses(particles=3, copies=2), np.zeros(5, int))


def test_event_numbers_survive_the_file(tmp_path: Path) -> None:
    responses = toy_responses(particles=3, copies=2)
    event = np.array([0, 0, 2, 2, 2**40, 2**40])
    path = tmp_path / "events.root"
    tree.write(path, responses, event=event)
    assert tree.read_event(path).tolist() == event.tolist()
    assert np.array_equal(tree.read(path).dense(), responses.dense())
    tree.write(path, responses)
    with pytest.raises(ValueError, match="does not say which event"):
        tree.read_event(path)
