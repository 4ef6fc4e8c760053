"""Decays on the way, decided inside the graph: closed forms, and the Monte Carlo's own decays."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, ENERGY, MASS, NAMES, PX, PY, PZ, VX, VY, VZ
from zdcsim.export.deployment import decaying
from zdcsim.geometry import ZN, ZP
from zdcsim.io import tree
from zdcsim.models.survival import ConditionChance, Lives, Survival
from zdcsim.montecarlo.arrival import reaches
from zdcsim.montecarlo.species import species

DATA = Path(__file__).parents[2] / "data"
WAY_CM = ZN.front_a


def flying(
    pdg: int, momentum: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Particles of one species towards the middle of the ZN, as collisions scatter them."""
    kind = species(pdg)
    c = np.zeros((len(momentum), len(NAMES)))
    c[:, [VX, VY, VZ]] = rng.normal(0, (0.002, 0.002, 5.0), (len(c), 3))
    c[:, [PX, PY]] = rng.normal(0, 1e-4, (len(c), 2)) * momentum[:, None]
    c[:, PZ] = momentum
    c[:, MASS], c[:, CHARGE] = kind.mass_mev, kind.charge_thirds
    c[:, ENERGY] = np.hypot(momentum, kind.mass_mev / 1000)
    return c.astype(np.float32)


def survival(conditions: NDArray[np.float32]) -> NDArray[np.float64]:
    with torch.no_grad():
        found = Survival(ZN, decaying())(torch.from_numpy(conditions))
    assert found.shape == (len(conditions), 1)
    answer: NDArray[np.float64] = found[:, 0].double().numpy()
    return answer


@pytest.mark.parametrize("pdg", [3122, -3122, 3322, 211, -321, 13, 3112, 3222, -3312, 3334])
def test_survival_is_the_exponential_law(pdg: int, rng: np.random.Generator) -> None:
    momentum = np.array([100.0, 700, 3000, 7000])
    kind = species(pdg)
    # gamma beta = p / m
    expected = np.exp(-WAY_CM / (kind.ctau_cm * momentum * 1000 / kind.mass_mev))
    assert survival(flying(pdg, momentum, rng)) == pytest.approx(expected, rel=1e-4, abs=1e-7)


def test_what_conditions_cannot_tell_apart_is_the_mean(rng: np.random.Generator) -> None:
    momentum = np.array([500.0, 2000])
    short, long = (
        np.exp(-WAY_CM * kind.mass_mev / (kind.ctau_cm * momentum * 1000))
        for kind in (species(310), species(130))
    )
    for pdg in (310, 130):
        found = survival(flying(pdg, momentum, rng))
        assert found == pytest.approx((short + long) / 2, rel=1e-4)


@pytest.mark.parametrize("pdg", [22, 2112, 2212, -2212, 11])
def test_the_stable_live(pdg: int, rng: np.random.Generator) -> None:
    assert (survival(flying(pdg, np.array([1.0, 2000.0]), rng)) == 1).all()


def test_masses_of_root_s_own_table_are_recognised(rng: np.random.Generator) -> None:
    for pdg, mass in ((3122, 1115.683), (310, 497.614), (3322, 1314.86), (211, 139.570)):
        there = flying(pdg, np.array([900.0]), rng)
        there[:, MASS] = mass
        assert survival(there) < 1


def test_the_far_calorimeter_takes_its_own_way() -> None:
    momentum = flying(3122, np.array([2000.0]), np.random.default_rng(1))
    with torch.no_grad():
        near, far = (float(Survival(c, decaying())(torch.from_numpy(momentum))) for c in (ZN, ZP))
    assert np.log(far) / np.log(near) == pytest.approx(ZP.front_a / ZN.front_a, rel=1e-4)


@pytest.mark.parametrize("pdg", [3122, 310, 3322])
def test_as_many_live_as_in_the_monte_carlo(pdg: int, rng: np.random.Generator) -> None:
    """Slowly and independently: decay lengths drawn, compared with the way, as the showers do."""
    n, kind = 40_000, species(pdg)
    conditions = flying(pdg, rng.uniform(200, 6000, n), rng)
    with torch.no_grad():
        drawn = Lives(ZN, decaying())(torch.from_numpy(conditions))[:, 0].numpy()
    ctau = np.full(n, kind.ctau_cm)
    if pdg == 310:  # half of what looks like it is K0L
        ctau[::2] = species(130).ctau_cm
    true = reaches(conditions, rng.exponential(size=n) * ctau, ZN, None)
    for rows in (conditions[:, PZ] < 2000, conditions[:, PZ] >= 2000):
        p, m = true[rows].mean(), rows.sum()
        assert 0.02 < p < 0.98
        assert drawn[rows].mean() == pytest.approx(p, abs=5 * np.sqrt(2 * p * (1 - p) / m))


def chance(conditions: NDArray[np.float32]) -> NDArray[np.float64]:
    with torch.no_grad():
        found: NDArray[np.float64] = (
            ConditionChance()(torch.from_numpy(conditions))[:, 0].double().numpy()
        )
    return found


def test_chance_is_uniform_over_the_primaries_of_real_collisions() -> None:
    missed = np.concatenate([tree.read_missed(DATA / f"zn_{s}.root")[1] for s in ("train", "test")])
    found = chance(missed)
    n = len(found)
    assert ((found > 0) & (found < 1)).all()
    counted = np.histogram(found, bins=16, range=(0, 1))[0]
    assert counted == pytest.approx(n / 16, abs=5 * np.sqrt(n / 16))
    # Neighbours come from one vertex, which must not tie them together.
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 5 / np.sqrt(n)
    for column in (ENERGY, PX, PZ):
        assert abs(np.corrcoef(found, missed[:, column])[0, 1]) < 5 / np.sqrt(n)


def test_chance_is_a_function_of_the_particle_alone(rng: np.random.Generator) -> None:
    conditions = flying(3122, rng.uniform(200, 6000, 500), rng)
    found = chance(conditions)
    assert np.array_equal(found, chance(conditions))
    assert np.array_equal(
        found[::7], np.concatenate([chance(one[None]) for one in conditions[::7]])
    )
    moved = conditions.copy()
    moved[:, PX] += np.float32(2**-20)  # 1 keV
    assert (chance(moved) != found).mean() > 0.9
