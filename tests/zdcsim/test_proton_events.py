"""Proton-proton events: which row is of which collision, and what is said of dark primaries."""

from dataclasses import replace

import numpy as np
import pytest
from toy_answers import Unlit
from toys import toy_responses

from zdcsim.conditions import ENERGY, NAMES, PX, PZ
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.reconstruction.proton_proton import ProtonEvents, proton_events
from zdcsim.reconstruction.quantities import ASYMMETRY, Calibration
from zdcsim.reconstruction.quantities import ENERGY as RECONSTRUCTED

NEUTRON = 2112
COPIES = 6


def neutrons(pz: list[float], event: list[int]) -> Primaries:
    """Primaries that fly off the face."""
    conditions = np.zeros((len(pz), len(NAMES)), np.float32)
    conditions[:, ENERGY], conditions[:, PX], conditions[:, PZ] = 1e3, 1e2, pz
    return Primaries(np.full(len(pz), NEUTRON, np.int32), conditions, np.array(event))


def built(hit_events: list[int], misses: Primaries, sides: list[int]) -> ProtonEvents:
    """Events of six copies a primary, of hits towards A (1) or C (-1)."""
    sample = toy_responses(particles=len(sides), copies=COPIES, seed=31)
    turned = sample.conditions.copy()
    turned[:, PZ] *= np.repeat(sides, COPIES)
    _, first = np.unique(sample.particle, return_index=True)
    codes = np.full(len(sides), NEUTRON, np.int32)
    hits = Primaries(codes, turned[np.sort(first)], np.array(hit_events))
    rng = np.random.default_rng(32)
    sample = replace(sample, conditions=turned)
    return proton_events(sample, hits, misses, Unlit(), Calibration(329.0), rng)


def test_every_row_is_in_its_primary_s_collision() -> None:
    hit_events, missed_events = [3, 3, 5, 7, 8], [3, 4, 5, 5, 7]
    misses = neutrons([5e3, -5e3, 5e3, -5e3, 5e3], missed_events)
    events = built(hit_events, misses, [1, -1, 1, 1, 1])
    place, half = events.members.place, COPIES // 2
    # Collision 8 is the sample's last and left out; 3, 4, 5 and 7 become 0 to 3.
    number = {3: 0, 4: 1, 5: 2, 7: 3}
    expected_collision, expected_side, events_of_copy = [], [], []
    for of, side in ((hit_events[:-1], [0, 1, 0, 0]), (missed_events, [0, 1, 0, 1, 0])):
        for copy in range(half):
            for event, away in zip(of, side, strict=True):
                expected_collision.append(number[event])
                expected_side.append(away)
                events_of_copy.append((number[event], copy))
    assert events.collision[place // 2].tolist() == expected_collision
    assert (place % 2).tolist() == expected_side
    # Every copy of a collision is an event of its own, that all primaries of it share.
    event_of = dict(zip(events_of_copy, (place // 2).tolist(), strict=True))
    assert [event_of[key] for key in events_of_copy] == (place // 2).tolist()
    assert len(set(event_of.values())) == len(event_of)
    assert len(events.collision) == 4 * half and events.collisions == 4


def opposed(rng: np.random.Generator) -> ProtonEvents:
    """Collisions of a primary to each side; what a bundle adds on one it takes on the other."""
    collisions = 12
    events = built(
        np.repeat(np.arange(collisions + 1), 2).tolist(),
        neutrons([5e3], [0]),
        [1, -1] * (collisions + 1),
    )
    more = rng.uniform(-50, 50, collisions)
    sign = np.where(events.members.place % 2 == 0, 1, -1)
    added = sign * more[events.collision[events.members.place // 2]]
    added[events.hits :] = 0
    lit = np.zeros((len(sign), 5))
    lit[: events.hits] = 200.0
    return replace(
        events, monte_carlo=np.stack([lit, lit]), generated=(lit + added[:, None] / 5)[None]
    )


def test_both_sides_of_a_collision_are_drawn_together(rng: np.random.Generator) -> None:
    events = opposed(rng)
    closed = events.closures(rng)
    energy = closed[RECONSTRUCTED.name]
    # However collisions are drawn, the two sides cancel; sides drawn apart would not.
    assert energy.shift.value == pytest.approx(0, abs=1e-12)
    assert energy.shift.error == pytest.approx(0, abs=1e-12)
    # The asymmetry does not cancel: copies of a collision are alike, the collisions independent.
    of_event = events.members.summed(events.generated[0]).sum(axis=2)
    between = (of_event[:, 0] - of_event[:, 1]) / of_event.sum(axis=1)
    _, first = np.unique(events.collision, return_index=True)
    error = between[first].std() / np.sqrt(len(first))
    assert closed[ASYMMETRY.name].shift.value == pytest.approx(between.mean())
    # A deviation of 200 draws is known to 5 per cent.
    assert closed[ASYMMETRY.name].shift.error == pytest.approx(error, rel=5 * 0.05)


def test_what_is_left_dark_is_counted() -> None:
    misses = neutrons([5e3, -5e3, 5e3], [0, 1, 1])
    events = built([0, 0, 1, 1, 2], misses, [1, -1, 1, -1, 1])
    generated = np.zeros_like(events.generated)
    generated[0, : events.hits, 2] = 7
    generated[0, [0, 4, 8], 2] = 0  # Three of the twelve copies of hits.
    generated[0, events.hits + 1, 0] = 5  # One of the nine copies of misses.
    found = replace(events, generated=generated).missing()
    assert events.hits == 12
    assert found["hit_left_dark"] == pytest.approx(3 / 12)
    assert found["missed_with_light"] == pytest.approx(1 / 9)
    # Two collisions in three copies each are six events, and twelve calorimeters.
    assert found["missed_per_collision"] == pytest.approx(9 / 6)
    assert found["missed_photo_electrons"] == pytest.approx(5 / 12)
    assert found["hit_photo_electrons"] == pytest.approx(9 * 7 / 12)
