"""Spectators of lead-lead collisions: Fermi motion, boost, multiplicity, and where they land."""

import numpy as np
import pytest

from zdcsim.conditions import CHARGE, ENERGY, MASS, PX, PY, PZ, VZ, impact
from zdcsim.geometry import ZN, ZP
from zdcsim.montecarlo import fermi
from zdcsim.montecarlo.source import Source, primaries
from zdcsim.montecarlo.spectators import Spectators


def test_fermi_momenta_have_the_moments_of_two_gaussians() -> None:
    n = 200_000
    drawn = fermi.momenta(n, 208, np.random.default_rng(1))
    weight = 0.18 * (208 / 12) ** (1 / 3)
    assert fermi.wide_weight(208) == pytest.approx(weight)
    squared = (0.113**2 + weight * 0.250**2) / (1 + weight)
    fourth = 3 * (0.113**4 + weight * 0.250**4) / (1 + weight)
    for axis in range(3):
        error = np.sqrt((fourth - squared**2) / n)
        assert (drawn[:, axis] ** 2).mean() == pytest.approx(squared, abs=5 * error)
        assert (drawn[:, axis] ** 4).mean() == pytest.approx(fourth, rel=0.05)
        assert drawn[:, axis].mean() == pytest.approx(0, abs=5 * np.sqrt(squared / n))


def test_boost_is_lorentz_s() -> None:
    rng = np.random.default_rng(2)
    momentum, mass = rng.normal(0, 0.2, (50, 3)), np.full(50, 0.939565)
    gamma = 2878.0
    moved = fermi.boosted(momentum, mass, gamma)
    assert np.array_equal(moved[:, :2], momentum[:, :2])
    # Back again with the opposite velocity.
    energy = np.sqrt((moved**2).sum(axis=1) + mass**2)
    back = gamma * moved[:, 2] - np.sqrt(gamma**2 - 1) * energy
    assert back == pytest.approx(momentum[:, 2], abs=1e-5)
    at_rest = fermi.boosted(np.zeros((1, 3)), mass[:1], gamma)
    assert at_rest[0, 2] == pytest.approx(0.939565 * np.sqrt(gamma**2 - 1))


def test_an_event_has_free_nucleons_on_both_sides() -> None:
    source = Spectators(centrality=(30.0, 40.0))
    rng = np.random.default_rng(3)
    events = [source.event(rng) for _ in range(30)]
    conditions = np.concatenate([c for _, c in events])
    pdg = np.concatenate([p for p, _ in events])
    momentum = np.linalg.norm(conditions[:, [PX, PY, PZ]], axis=1)
    assert conditions[:, ENERGY] == pytest.approx(np.hypot(momentum, conditions[:, MASS] / 1000))
    assert set(pdg.tolist()) == {2112, 2212}
    assert ((pdg == 2212) == (conditions[:, CHARGE] == 3)).all()
    forward = (conditions[:, PZ] > 0).mean()
    assert forward == pytest.approx(0.5, abs=0.05)
    assert (pdg == 2212).mean() == pytest.approx(82 / 208, abs=0.05)
    # One vertex a collision.
    assert all(len(np.unique(c[:, VZ])) == 1 for _, c in events)


def test_mean_energy_is_that_of_nucleons_on_their_mass_shell_in_the_nucleus_s_motion() -> None:
    """<E> = gamma <E*>, because the motion in the nucleus has no direction."""
    p = np.linspace(0, 3, 100_001)
    weight = 0.18 * (208 / 12) ** (1 / 3)
    speeds = [
        np.sqrt(2 / np.pi) * p**2 / s**3 * np.exp(-(p**2) / (2 * s**2)) for s in (0.113, 0.25)
    ]
    density = (speeds[0] + weight * speeds[1]) / (1 + weight)
    source, rng = Spectators(centrality=(30.0, 60.0)), np.random.default_rng(8)
    events = [source.event(rng) for _ in range(300)]
    pdg = np.concatenate([found for found, _ in events])
    energy = np.concatenate([found for _, found in events])[:, ENERGY]
    for code, mass, above in ((2112, 0.93956542, 1.0553), (2212, 0.93827209, 1.0539)):
        inside = np.trapezoid(density * np.hypot(p, mass), p)
        expected = inside * 2680 * 208 / 193.687
        assert expected / 2680 == pytest.approx(above, abs=1e-4)
        # Fermi motion, and a free nucleon's mass over 1/208 of the nucleus.
        assert inside / mass == pytest.approx(1.046, abs=5e-4)
        assert mass / (193.687 / 208) == pytest.approx(1.008, abs=1.1e-3)
        mine = energy[pdg == code]
        error = mine.std() / np.sqrt(len(mine))
        assert error < 0.0012 * 2680
        assert mine.mean() == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize(
    ("collided", "freed", "expected"), [(10, 2.7, 27), (100, 2.7, 108), (1, 0.0, 0)]
)
def test_free_nucleons_are_limited_by_excitation_then_by_what_is_left(
    collided: int, freed: float, expected: int
) -> None:
    source = Spectators(freed_per_collided=freed)
    left = 208 - collided
    pdg, conditions = source._free(
        collided, left * 82 // 208, 1.0, np.zeros(3), np.random.default_rng(4)
    )
    assert len(pdg) == len(conditions) == expected


def test_neutrons_land_on_the_zn_and_protons_on_the_zp() -> None:
    source = Source(Spectators(events=12))
    hits, misses = primaries(source, 10**6, 10**6, ZN, seed=5)
    assert (hits.pdg == 2112).mean() > 0.99
    x, y = impact(hits.conditions, ZN).T
    assert np.abs([x[hits.pdg == 2112], y[hits.pdg == 2112]]).max() < 3.53
    # pT / p = 0.2 / 2680 over 112.6 m: 0.8 cm, so almost every neutron hits the face.
    missed_neutrons = (misses.pdg == 2112).sum()
    assert missed_neutrons / ((hits.pdg == 2112).sum() + missed_neutrons) < 0.01
    on_zp, off_zp = primaries(source, 10**6, 10**6, ZP, seed=5)
    assert set(on_zp.pdg.tolist()) == {2212}
    assert len(on_zp) + len(off_zp) == len(hits) + len(misses)
    assert 0.5 < len(on_zp) / ((on_zp.pdg == 2212).sum() + (off_zp.pdg == 2212).sum()) < 1
    assert set(on_zp.event.tolist()) <= set(range(12))
    assert (np.diff(on_zp.event) >= 0).all()


def test_no_collision_is_left_out_or_cut_short() -> None:
    collisions = Spectators(centrality=(80.0, 100.0), events=6)
    whole, missed = collisions.primaries(1000, 4, ZN, seed=3)
    ends = np.searchsorted(whole.event, np.arange(7))
    assert 0 < ends[4] < ends[5] < ends[6] == len(whole) < 1000
    exact, same = collisions.primaries(len(whole), 4, ZN, seed=3)
    assert np.array_equal(exact.conditions, whole.conditions)
    assert np.array_equal(same.conditions, missed.conditions)
    for most, fit in ((ends[6] - 1, 5), (ends[5], 5), (ends[5] - 1, 4)):
        with pytest.raises(ValueError, match=f"only {fit} of 6 collisions fit into a sample of at"):
            collisions.primaries(int(most), 4, ZN, seed=3)


def test_same_seed_same_spectators() -> None:
    source = Source(Spectators())
    some, _ = primaries(source, 30, 0, ZP, seed=6)
    more, _ = primaries(source, 50, 0, ZP, seed=6)
    assert len(some) == 30
    assert np.array_equal(more.first(30).conditions, some.conditions)
    assert np.array_equal(more.first(30).event, some.event)
    other, _ = primaries(source, 30, 0, ZP, seed=7)
    assert not np.array_equal(other.conditions, some.conditions)
