"""Reconstruction: energy, centroid, centrality, sums of events and closure in closed form."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from toys import toy_responses

from zdcsim.channels import channel_masks, channel_sums
from zdcsim.conditions import ENERGY, NAMES, PX, PZ
from zdcsim.evaluation.quantities import Measured
from zdcsim.export.emulator import FastSimulation
from zdcsim.generation import respond
from zdcsim.geometry import ZN, ZP
from zdcsim.io.bundle import NOISE_SIZE, read_bundle
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.montecarlo.spectators import Spectators
from zdcsim.reconstruction.centrality import CentralityEstimate
from zdcsim.reconstruction.centroid import CentroidSettings, centroid, spectator_factor
from zdcsim.reconstruction.closure import PooledEvents, WholeCollisions, closure
from zdcsim.reconstruction.energy import asymmetry, energy, light, neutrons
from zdcsim.reconstruction.events import Members, signals_by_copy
from zdcsim.reconstruction.lead_lead import LeadSettings, lead_events
from zdcsim.reconstruction.proton_proton import proton_events
from zdcsim.reconstruction.quantities import CHANNEL_SIGNALS, NEUTRONS, Calibration, both, sides

DATA = Path(__file__).parents[2] / "data"
LINEAR = CentroidSettings(exponent=1.0)


def test_each_readout_sees_half_of_uniform_light() -> None:
    signals = channel_sums(np.full((1, *ZN.shape), 3), ZN, "o2")
    for readout in ("all", "common", "towers"):
        assert light(signals, readout) == pytest.approx(3 * 44 * 44)
    uneven = np.array([[100.0, 10, 20, 30, 40]])
    assert light(uneven, "common") == pytest.approx(200)
    assert light(uneven, "towers") == pytest.approx(200)
    assert energy(uneven + 65, 329.0) == pytest.approx((200 + 5 * 65) / 329)
    assert neutrons(uneven, 50.0) == pytest.approx(4.0)
    with pytest.raises(ValueError, match=r"five channels.*\(3, 4\)"):
        light(np.ones((3, 4)))


def test_asymmetry_of_two_sides() -> None:
    found = asymmetry(np.array([3.0, 1.0, 0.0, 0.0]), np.array([1.0, 1.0, 2.0, 0.0]))
    assert found[:3] == pytest.approx([0.5, 0.0, -1.0])
    assert np.isnan(found[3])


def test_centroid_is_the_weighted_mean_of_the_towers() -> None:
    # One photo-electron of the common channel must not move it.
    signals = np.array([[999.0, 1, 1, 1, 1], [0, 0, 0, 0, 7], [0, 3, 1, 0, 0], [5, 0, 0, 0, 0]])
    found = centroid(signals, ZN, LINEAR)
    assert found[:3] == pytest.approx(1.75 * np.array([(0, 0), (1, 1), (-0.5, -1)]))
    assert np.isnan(found[3]).all()
    powered = centroid(signals, ZN, CentroidSettings(exponent=0.5, tower_centre_cm=2.0))
    x = 2.0 * (1 - np.sqrt(3)) / (1 + np.sqrt(3))
    assert powered[2] == pytest.approx((x, -2.0))


@pytest.mark.parametrize(("x", "y"), [(3, 40), (40, 3), (3, 2), (41, 40)])
def test_centroid_points_to_the_quadrant_that_is_lit(x: int, y: int) -> None:
    image = np.zeros((1, *ZN.shape))
    image[0, x, y] = 50
    assert not channel_masks(ZN, "o2")[0, x, y], "a fibre of a tower"
    signs = np.sign([x - 22, y - 22])
    assert centroid(channel_sums(image, ZN, "o2"), ZN)[0] == pytest.approx(1.75 * signs)


def test_centroid_refuses_slabs_and_impossible_settings() -> None:
    with pytest.raises(ValueError, match=r"quadrants of a ZN; the ZP has four slabs"):
        centroid(np.ones((1, 5)), ZP)
    with pytest.raises(ValueError, match=r"must be positive; got 0.0 and 1.75"):
        CentroidSettings(exponent=0.0)


def test_spectator_factor_at_its_ends() -> None:
    assert spectator_factor(np.array([0.0, 1e9])) == pytest.approx(
        [1.89358 - 0.71262 / 0.71789, 1.89358]
    )


def test_centrality_of_uniform_energies_is_linear() -> None:
    estimate = CentralityEstimate.calibrated(
        np.random.default_rng(1).permutation(1000) * 1.0, (0, 40)
    )
    assert estimate.percent(np.array([-5, 250, 999, 2000])) == pytest.approx([0, 10.02, 39.98, 40])
    same = CentralityEstimate.calibrated(np.zeros(4), (10, 20))
    assert same.percent(np.array([0.0])) == pytest.approx([15])
    with pytest.raises(ValueError, match=r"two reference events.*got 1 events"):
        CentralityEstimate.calibrated(np.zeros(1), (0, 10))


def test_events_are_the_sums_of_their_members() -> None:
    rng = np.random.default_rng(2)
    numbers, pool = rng.integers(0, 6, (30, 2)), rng.poisson(20, (9, 5))
    members = Members.drawn(numbers, len(pool), rng)
    expected = np.zeros((30, 2, 5))
    for shower, place in zip(members.shower, members.place, strict=True):
        expected[place // 2, place % 2] += pool[shower]
    assert np.array_equal(members.summed(pool), expected)
    assert np.array_equal(np.bincount(members.place, minlength=60).reshape(30, 2), numbers)
    with pytest.raises(ValueError, match=r"shape \(E, 2\)"):
        Members.drawn(np.ones((3, 3), int), 4, rng)


def test_events_have_the_spread_of_independent_particles() -> None:
    rng = np.random.default_rng(3)
    pool, number, events = rng.normal(100, 20, (40, 5)), 60, 4000
    members = Members.drawn(np.full((events, 2), number), len(pool), rng)
    found = members.summed(pool)[..., 0].ravel()
    variance = number * pool[:, 0].var()
    # A variance of n nearly normal numbers has the relative error sqrt(2 / n).
    assert found.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / (2 * events)))


def test_signals_are_those_of_every_particle_and_copy() -> None:
    responses = toy_responses(particles=5, copies=3, seed=4)
    order = np.random.default_rng(4).permutation(len(responses))
    conditions, signals = signals_by_copy(responses.select(order))
    shuffled = responses.select(order)
    for row, particle in enumerate(dict.fromkeys(shuffled.particle.tolist())):
        mine = np.flatnonzero(shuffled.particle == particle)
        assert np.array_equal(conditions[row], shuffled.conditions[mine[0]])
        assert np.array_equal(signals[:, row], channel_sums(shuffled.dense(mine), ZN, "o2"))
    with pytest.raises(ValueError, match=r"same number of copies; got 2 to 3"):
        signals_by_copy(responses.select(np.arange(1, 15)))


def lit_sides(signals: NDArray[np.float64]) -> Measured:
    """Channel signals alone of every ZN."""
    return Measured(CHANNEL_SIGNALS, signals.reshape(-1, 5))


def one_each(particles: int) -> Members:
    """Events of one particle a side, each of the pool once."""
    return Members(np.arange(particles), np.arange(particles), particles // 2)


def test_closure_of_a_brighter_generator_is_its_excess() -> None:
    rng = np.random.default_rng(5)
    monte_carlo = rng.gamma(30, 10, (2, 400, 5))
    generated = 1.1 * monte_carlo.mean(axis=0)[None]
    found = closure(PooledEvents(one_each(400), 400, lit_sides), monte_carlo, generated, rng)
    for column, quantity in enumerate(CHANNEL_SIGNALS):
        ours, one = monte_carlo[..., column], found[quantity]
        assert one.monte_carlo == pytest.approx((ours.mean(), ours.std()))
        assert one.shift.value == pytest.approx(0.1 * ours.mean())
        assert one.floor_shift.value == pytest.approx(ours[0].mean() - ours[1].mean())
        # Errors of means of 400 units, known from 200 draws to 5 per cent.
        assert one.shift.error == pytest.approx(0.1 * ours.mean(0).std() / 20, rel=0.25)
        assert one.floor_shift.error == pytest.approx((ours[0] - ours[1]).std() / 20, rel=0.25)
        assert one.model is not None and one.floor is not None and one.ratio is not None
        assert one.ratio == pytest.approx(one.model.mean / one.floor.mean)


def test_closure_of_a_third_simulation_has_ratio_one() -> None:
    rng = np.random.default_rng(6)
    showers = rng.gamma(30, 10, (7, 300, 5))
    members = Members.drawn(rng.integers(5, 40, (300, 2)), 300, rng)
    calibration = Calibration(300.0, 1500.0)
    events = PooledEvents(members, 300, partial(sides, calibration=calibration))
    found = closure(events, showers[:2], showers[2:], rng)
    assert len(found) == 9
    for quantity, one in found.items():
        assert abs(one.shift.value) < 5 * one.shift.error, quantity
        assert one.ratio is not None and 0.5 < one.ratio < 2, quantity
    # 22.5 particles of 1500 photo-electrons in five channels of 300 each.
    assert found[NEUTRONS].monte_carlo[0] == pytest.approx(numbers_mean(members), rel=0.05)


def numbers_mean(members: Members) -> float:
    """Particles of a side."""
    return len(members.place) / (2 * members.events)


def test_collisions_are_drawn_whole() -> None:
    members = Members(np.arange(6), np.array([0, 1, 2, 3, 4, 5]), 3)
    events = WholeCollisions(members, np.array([0, 0, 1, 1, 0, 0]), 2, lit_sides)
    signals = np.arange(30.0).reshape(6, 5)
    assert np.array_equal(events.measured(signals).values, signals)
    drawn = events.measured(signals, np.array([0, 0])).values
    assert np.array_equal(drawn, np.repeat(signals[[0, 1, 4, 5]], 2, axis=0))


def test_closure_refuses_what_does_not_fit() -> None:
    events = PooledEvents(one_each(4), 4, lit_sides)
    rng = np.random.default_rng(7)
    with pytest.raises(ValueError, match=r"two Monte Carlo simulations"):
        closure(events, np.ones((3, 4, 5)), np.ones((1, 4, 5)), rng)
    with pytest.raises(ValueError, match=r"Monte Carlo's particles, \(4, 5\); got \(3, 5\)"):
        closure(events, np.ones((2, 4, 5)), np.ones((1, 3, 5)), rng)


def test_quantities_follow_their_calibration() -> None:
    signals = np.array([[[100.0, 10, 20, 30, 40], [0, 0, 0, 0, 0]]])
    estimate = CentralityEstimate.calibrated(np.array([0.5, 1.5]), (0, 10))
    calibration = Calibration(200.0, 100.0, estimate)
    side, event = sides(signals, calibration), both(signals, calibration)
    place = spectator_factor(np.array(2.0)) * centroid(signals[0, 0], ZN)
    assert side.values[0] == pytest.approx([100, 10, 20, 30, 40, 1.0, *place, 2.0])
    assert np.isnan(side.values[1, 6:8]).all()
    assert event.values[0] == pytest.approx([1.0, 5.0])
    assert len(sides(signals, Calibration(200.0)).quantities) == 8
    assert len(both(signals, Calibration(200.0)).quantities) == 1


class Answers:
    """Answers every primary by its energy, in the first tower."""

    def signals(
        self, conditions: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        found = np.zeros((len(conditions), 5), np.int64)
        found[:, 1] = np.rint(conditions[:, ENERGY])
        return found


def test_lead_events_have_the_same_particles_in_all() -> None:
    sample = toy_responses(particles=12, copies=2, seed=8)
    settings = LeadSettings(events=40, repetitions=2)
    events = lead_events(sample, Answers(), settings)
    assert events.monte_carlo.shape == (2, 12, 5) and events.generated.shape == (2, 12, 5)
    counted = np.bincount(events.members.place, minlength=80).reshape(40, 2)
    assert np.array_equal(counted, events.neutrons)
    assert (events.centrality >= 0).all() and (events.centrality <= 35).all()
    mean = events.calibration.photo_electrons_per_neutron
    assert mean == pytest.approx(sample.photon_sum().mean())
    # With one and the same light for every neutron the estimate is the truth.
    constant = np.full((12, 5), mean / 5) if mean is not None else np.empty(0)
    assert events.resolution(constant)["neutrons_rms"] == pytest.approx(0, abs=1e-9)
    assert events.resolution(constant)["neutrons_mean"] == pytest.approx(0, abs=1e-9)


def primaries(px: list[float], pz: list[float], event: list[int]) -> Primaries:
    conditions = np.zeros((len(px), len(NAMES)), np.float32)
    conditions[:, ENERGY], conditions[:, PX], conditions[:, PZ] = px, px, pz
    return Primaries(np.full(len(px), 2112, np.int32), conditions, np.array(event))


def test_proton_events_sum_all_primaries_of_a_collision() -> None:
    sample = toy_responses(particles=4, copies=2, seed=9)
    _, first = np.unique(sample.particle, return_index=True)
    conditions = sample.conditions[np.sort(first)].copy()
    hits = Primaries(np.full(4, 2112, np.int32), conditions, np.array([3, 3, 5, 8]))
    misses = primaries([4.0, 6.0, 9.0, 99.0], [5e3, -5e3, 5e6, 5e3], [3, 4, 5, 8])
    events = proton_events(
        sample, hits, misses, Answers(), Calibration(329.0), np.random.default_rng(1)
    )
    # The last collision is cut short and left out; 3, 4 and 5 stay.
    assert events.collisions == 3 and events.hits == 3
    lit = events.members.summed(events.generated[0])
    expected = np.zeros((3, 2))
    for row, event in ((conditions[0], 0), (conditions[1], 0), (conditions[2], 2)):
        expected[event, int(row[PZ] <= 0)] += np.rint(row[ENERGY])
    only = events.only_hits()
    assert only.members.summed(only.generated[0])[..., 1] == pytest.approx(expected)
    expected += np.array([[4, 0], [0, 6], [9, 0]])
    assert lit[..., 1] == pytest.approx(expected)
    _, copies = signals_by_copy(sample)
    for half, copy in zip(events.monte_carlo, copies, strict=True):
        light_of_event = events.members.summed(half).sum(axis=1)
        assert light_of_event == pytest.approx(
            np.stack([copy[:2].sum(axis=0), np.zeros(5), copy[2]])
        )
    found = events.missing()
    assert found["missed_photo_electrons"] == pytest.approx(19 / 6)
    # Only the third flies on to the face, 11 260 cm away: 0.02 cm off its middle.
    assert found["missed_light_of_decayed"] == pytest.approx(9 / 19)
    with pytest.raises(ValueError, match=r"not of these primaries"):
        proton_events(sample, misses, misses, Answers(), Calibration(1.0), np.random.default_rng(1))


def test_emulator_signals_are_the_channel_sums_of_the_batched_generation() -> None:
    folder = DATA / "zn-shower-vae"
    bundle = read_bundle(folder)
    conditions = toy_responses(particles=6, copies=1, seed=10).conditions
    noise = np.random.default_rng(11).standard_normal((6, NOISE_SIZE)).astype(np.float32)
    one_by_one = [respond(bundle, conditions[i : i + 1], noise[i : i + 1]) for i in range(6)]
    found = FastSimulation(folder, "ZN").signals(conditions, np.random.default_rng(11))
    assert np.array_equal(found, channel_sums(np.concatenate(one_by_one), ZN, "o2"))


@pytest.mark.parametrize("interval", [(20, 25), (60, 65)], ids=["all free", "some bound"])
def test_numbers_of_neutrons_are_those_of_whole_events(interval: tuple[float, float]) -> None:
    source, rng = Spectators(centrality=interval), np.random.default_rng(12)
    centrality, numbers = source.neutrons(60, rng)
    assert ((centrality >= interval[0]) & (centrality <= interval[1])).all()
    events = [source.event(rng) for _ in range(60)]
    whole = np.array([np.sum(pdg == 2112) for pdg, _ in events])
    both_sides = numbers.sum(axis=1)
    error = np.sqrt(whole.var() / 60 + both_sides.var() / 60)
    assert both_sides.mean() == pytest.approx(whole.mean(), abs=5 * error)
