"""Where collisions are, and how many neutral particles live to arrive: widths, exponential law.

The generator is replaced by one that gives known particles.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, MASS, PZ, VX, VY, VZ
from zdcsim.geometry import ZN
from zdcsim.montecarlo import collisions
from zdcsim.montecarlo.collisions import EVENTS_AT_ONCE, Collisions
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.montecarlo.species import species
from zdcsim.montecarlo.spectators import Spectators

K0S, K0L, LAMBDA, XI0, NEUTRON = 310, 130, 3122, 3322, 2112
MOMENTA_GEV = {K0S: 3000.0, K0L: 4.0, LAMBDA: 1500.0, XI0: 2000.0}
"""Such that between a tenth and a half live to arrive."""
MISS_GEV = 50.0
SIGMA_CM = (0.02, 0.03, 4.0)
COPIES = 20
BATCHES = 3


@dataclass(frozen=True)
class Final:
    """The final state of one event, named as chromo does."""

    pid: NDArray[np.int64]
    px: NDArray[np.float64]
    py: NDArray[np.float64]
    pz: NDArray[np.float64]
    en: NDArray[np.float64]

    def final_state(self) -> "Final":
        return self


def known(number: int) -> list[Final]:
    """Events of twenty of each species along the beam, and a neutron that misses the face."""
    pid = np.append(np.repeat(list(MOMENTA_GEV), COPIES), NEUTRON)
    pz = np.append(np.repeat(list(MOMENTA_GEV.values()), COPIES), MISS_GEV)
    px = np.append(np.zeros(len(pid) - 1), MISS_GEV)
    return [Final(pid, px, np.zeros(len(pid)), pz, np.hypot(px, pz))] * number


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> tuple[Primaries, NDArray[np.bool_]]:
    """Primaries of 600 known collisions, and whether they arrive."""
    monkeypatch.setattr(collisions, "_sibyll", lambda _: known)
    batches = Collisions(vertex_sigma_cm=SIGMA_CM)._batches(ZN, 61)
    some = [next(batches) for _ in range(BATCHES)]
    return Primaries.joined([each for each, _ in some]), np.concatenate([each for _, each in some])


def have_widths(vertices: NDArray[np.floating], sigma_cm: tuple[float, float, float]) -> None:
    """Centre 0 and these widths, within five standard errors, of one vertex a collision."""
    n = len(vertices)
    for axis, sigma in enumerate(sigma_cm):
        along = vertices[:, axis].astype(np.float64)
        assert along.mean() == pytest.approx(0, abs=5 * sigma / np.sqrt(n))
        assert along.std() == pytest.approx(sigma, rel=5 / np.sqrt(2 * n))


def test_vertices_of_collisions_have_the_spread_asked_for(
    found: tuple[Primaries, NDArray[np.bool_]],
) -> None:
    particles, _ = found
    _, first = np.unique(particles.event, return_index=True)
    assert len(first) == BATCHES * EVENTS_AT_ONCE
    have_widths(particles.conditions[first][:, [VX, VY, VZ]], SIGMA_CM)


@pytest.mark.parametrize("pdg", MOMENTA_GEV)
def test_as_many_neutrals_arrive_as_the_exponential_law_leaves(
    pdg: int, found: tuple[Primaries, NDArray[np.bool_]]
) -> None:
    particles, arrives = found
    assert not arrives[particles.pdg == NEUTRON].any()
    own = particles.pdg == pdg
    conditions = particles.conditions[own].astype(np.float64)
    assert own.sum() == COPIES * BATCHES * EVENTS_AT_ONCE
    assert (conditions[:, CHARGE] == 0).all()
    lengths = ZN.front_a * conditions[:, MASS] / 1000 / conditions[:, PZ]
    lives = np.exp(-lengths / species(pdg).ctau_cm)
    assert 0.1 < lives.mean() < 0.5
    error = np.sqrt((lives * (1 - lives)).sum())
    assert arrives[own].sum() == pytest.approx(lives.sum(), abs=5 * error)


def test_vertices_of_spectators_have_the_spread_asked_for() -> None:
    source = Spectators(centrality=(0.0, 5.0), vertex_sigma_cm=SIGMA_CM)
    rng = np.random.default_rng(62)
    vertices = np.array([source.event(rng)[1][0, [VX, VY, VZ]] for _ in range(120)])
    have_widths(vertices, SIGMA_CM)
