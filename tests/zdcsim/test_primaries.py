"""Primaries: the gun, the collisions and the particle tables."""

import numpy as np
import pytest
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, ENERGY, MASS, PX, PY, PZ, VX, VZ, impact
from zdcsim.geometry import ZN, ZP, Side
from zdcsim.io.species import mass_and_charge
from zdcsim.montecarlo.arrival import reaches
from zdcsim.montecarlo.collisions import EVENTS_AT_ONCE, Collisions
from zdcsim.montecarlo.gun import Gun
from zdcsim.montecarlo.impacts import Impacts
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.montecarlo.source import Source, primaries
from zdcsim.montecarlo.species import species
from zdcsim.optics import Machine


def mass_shell(conditions: NDArray[np.floating]) -> NDArray[np.floating]:
    c = conditions.astype(np.float64)
    momentum = np.linalg.norm(c[:, [PX, PY, PZ]], axis=1)
    return np.asarray(np.hypot(momentum, c[:, MASS] / 1000))


def test_gun_hits_where_it_aims() -> None:
    shot = Gun("neutron", 1000.0, x_cm=1.0, y_cm=-2.0, spread_cm=0.5, side="C").primaries(
        2000, ZN, seed=3
    )
    x, y = impact(shot.conditions, ZN).T
    assert (shot.conditions[:, PZ] < 0).all()
    assert x.min() == pytest.approx(0.5, abs=0.01)
    assert x.max() == pytest.approx(1.5, abs=0.01)
    # Uniform on a width of 1 cm: the mean has an error of 1 / sqrt(12 n).
    assert y.mean() == pytest.approx(-2.0, abs=5 / np.sqrt(12 * 2000))
    assert mass_shell(shot.conditions) == pytest.approx(1000.0, rel=1e-6)


@pytest.mark.parametrize(
    ("gun", "message"),
    [
        (Gun("neutron", 0.5), "cannot exist"),
        (Gun("neutron", float("nan")), "finite numbers .* got nan GeV"),
        (Gun("neutron", 100.0, spread_cm=-1.0), "a spread of 0 or more"),
        (Gun("neutron", 100.0, x_cm=3.4, spread_cm=0.5), "misses the face"),
        (Gun("unicorn", 100.0), "unknown particle 'unicorn'"),
    ],
)
def test_impossible_guns_are_refused(gun: Gun, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gun.primaries(1, ZN, seed=1)


@pytest.mark.parametrize("side", ["A", "C"])
def test_a_gun_aims_charged_particles_through_the_magnets(side: Side) -> None:
    gun, machine = Gun("proton", 2000.0, 0.5, -0.5, spread_cm=1.0, side=side), Machine()
    shot = gun.primaries(50, ZP, seed=2, machine=machine)
    at, free = machine.carried(shot.conditions, ZP)
    straight = impact(gun.primaries(50, ZP, seed=2).conditions, ZP)
    assert free.all()
    # Conditions are 32-bit floats: 2 TeV to 0.1 MeV, over 112 m.
    assert at[:, [0, 2]] == pytest.approx(straight, abs=1e-3)
    assert np.abs(impact(shot.conditions, ZP) - straight).max() > 5
    assert mass_shell(shot.conditions) == pytest.approx(2000.0, rel=1e-6)
    neutral = Gun("neutron", 2500.0, side=side)
    there, beside = (neutral.primaries(3, ZP, 2, each).conditions for each in (machine, None))
    assert np.array_equal(there, beside)
    with pytest.raises(ValueError, match=r"no proton of 100\.0 GeV comes through the magnets"):
        Gun("proton", 100.0, side=side).primaries(1, ZP, 2, machine)


def test_species_have_charge_in_thirds_and_mass_in_mev() -> None:
    proton, photon = species("proton"), species("gamma")
    assert (proton.charge_thirds, photon.charge_thirds) == (3, 0)
    assert proton.mass_mev == pytest.approx(938.272, abs=1e-3)
    assert photon.mass_mev == 0
    assert photon.ctau_cm == np.inf
    assert species(3122).ctau_cm == pytest.approx(7.9, abs=0.1)


@pytest.mark.parametrize(
    ("pdg", "mass"),
    [
        (1000010020, 1875.6129),
        (1000010030, 2808.9211),
        (1000020030, 2808.3916),
        (1000020040, 3727.3794),
    ],
)
def test_the_gun_shoots_nuclei_without_the_electrons_of_their_atoms(pdg: int, mass: float) -> None:
    """Masses: CODATA 2018, MeV."""
    (shot,) = Gun(str(pdg), 100_000.0).primaries(1, ZN, seed=1).conditions
    assert species(pdg).mass_mev == pytest.approx(mass, abs=1e-3)
    assert species(-pdg).mass_mev == species(pdg).mass_mev
    assert np.array_equal(
        shot[[MASS, CHARGE]], mass_and_charge(np.array([pdg]), "")[0].astype("f4")
    )


def test_only_long_lived_neutrals_on_the_face_reach() -> None:
    def particle(
        mass: float, charge: float, x: float, energy: float = 3000.0
    ) -> NDArray[np.floating]:
        c = np.zeros(9)
        c[ENERGY], c[PZ], c[MASS], c[CHARGE] = energy, energy, mass, charge
        c[PX] = x / ZN.front_a * energy
        return c

    rows = np.array(
        [
            particle(939.6, 0, 3.5),
            particle(939.6, 0, 3.53),
            particle(938.3, 3, 0.0),
            particle(1115.7, 0, 0.0),
            particle(1115.7, 0, 0.0),
            particle(0.0, 0, -3.5),
        ]
    )
    # A Lambda of 3 TeV decays after beta gamma times its proper length: 112.6 m is 4.19 cm.
    proper = np.array([np.inf, np.inf, np.inf, 4.18, 4.20, np.inf])
    assert reaches(rows, proper, ZN, None).tolist() == [True, False, False, False, True, True]


def test_collisions_are_reproducible_and_on_the_face() -> None:
    source = Source(Collisions())
    hits, misses = primaries(source, 450, 200, ZN, seed=5)
    again, none = primaries(source, 20, 0, ZN, seed=5)
    assert np.array_equal(again.conditions, hits.conditions[:20])
    assert len(none) == 0
    other, _ = primaries(source, 20, 0, ZN, seed=6)
    assert not np.array_equal(other.conditions, again.conditions)

    x, y = impact(hits.conditions, ZN).T
    assert (np.abs(x) < 3.53).all()
    assert (np.abs(y) < 3.53).all()
    assert (hits.conditions[:, CHARGE] == 0).all()
    # The tables round energies to float32.
    assert hits.conditions[:, ENERGY] == pytest.approx(mass_shell(hits.conditions), rel=1e-6)
    assert {22, 2112} <= set(hits.pdg.tolist()) <= {22, 130, 310, 2112, -2112, 3122, -3122, 3322}
    assert (hits.conditions[:, PZ] > 0).any()
    assert (hits.conditions[:, PZ] < 0).any()
    # Several particles of one collision share its vertex, and its number.
    vertices = np.unique(hits.conditions[:, VZ], return_inverse=True)[1]
    assert vertices.max() + 1 < len(hits)
    pairs = set(zip(vertices.tolist(), hits.event.tolist(), strict=True))
    assert len(pairs) == vertices.max() + 1 == len(np.unique(hits.event))
    assert (np.diff(hits.event) >= 0).all()
    assert hits.event.max() > EVENTS_AT_ONCE
    assert np.abs(hits.conditions[:, VX]).max() < 5 * 0.002
    assert np.abs(hits.conditions[:, VZ]).max() < 5 * 5.0

    missed_x, missed_y = impact(misses.conditions, ZN).T
    on_face = ZN.contains(missed_x, missed_y) & (misses.conditions[:, CHARGE] == 0)
    decays = np.isin(np.abs(misses.pdg), [310, 3122, 3322])
    assert not (on_face & ~decays).any()


def test_magnets_add_few_charged_particles_to_the_zn_and_most_to_the_zp() -> None:
    linear = Source(Collisions(optics="linear"))
    on_zn, _ = primaries(linear, 450, 0, ZN, seed=5)
    straight, _ = primaries(Source(Collisions()), 450, 0, ZN, seed=5)
    neutral = on_zn.conditions[:, CHARGE] == 0
    # The neutral ones are the same particles, decays included; 0.9 +- 0.1 per cent are charged.
    n = int(neutral.sum())
    assert np.array_equal(on_zn.conditions[neutral], straight.conditions[:n])
    assert 450 - n <= 0.009 * 450 + 5 * np.sqrt(0.009 * 450)
    on_zp, _ = primaries(linear, 40, 0, ZP, seed=5)
    assert (on_zp.conditions[:, CHARGE] == 3).all()
    assert (on_zp.pdg == 2212).mean() > 0.5


def test_chosen_impacts_are_those_of_all_that_hit_there() -> None:
    everything, misses = primaries(Source(Collisions()), 450, 100, ZN, seed=5)
    x, y = impact(everything.conditions, ZN).T
    edge = np.maximum(np.abs(x), np.abs(y)) > 0.9 * ZN.half_x
    wall = meets_a_wall(everything.conditions)
    choices: list[tuple[Impacts, NDArray[np.bool_]]] = [("grooves", wall), ("edges", edge)]
    for impacts, wanted in choices:
        source = Source(Collisions(impacts=impacts))
        found, same = primaries(source, int(wanted.sum()), 100, ZN, seed=5)
        assert 10 < len(found) < 90
        assert np.array_equal(found.conditions, everything.conditions[wanted])
        assert np.array_equal(same.conditions, misses.conditions)
        assert source.record()["impacts"] == impacts
    assert "impacts" not in Source(Collisions()).record()


def meets_a_wall(conditions: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether a particle starts inside a groove and leaves it before the block ends, by steps."""
    depth = np.linspace(0, 2 * ZN.half_z, 4001)[:, None]
    c = conditions.astype(np.float64)
    place = impact(c, ZN).T[:, None] + depth * (c[:, [PX, PY]] / np.abs(c[:, [PZ]])).T[:, None]
    # From the middle of the fibre's cell at the face, cm.
    cell = (np.floor(place[:, :1] / ZN.pitch) + 0.5) * ZN.pitch
    x, y = np.abs(place - cell) < ZN.groove_half
    inside = x & y
    found: NDArray[np.bool_] = inside[0] & ~inside.all(axis=0)
    return found


def test_neutral_particles_alone_never_reach_the_zp() -> None:
    with pytest.raises(ValueError, match="no neutral particle passes the magnets to the ZP"):
        Collisions().primaries(1, 0, ZP, seed=1)


def test_no_primaries() -> None:
    none = Primaries.none()
    assert len(none) == 0
    assert none.conditions.shape == (0, 9)
