"""Collisions and the charged particles they send out."""

import numpy as np
import pytest

from pid.detector.particles import Particles, together
from pid.detector.response import respond
from pid.simulation import generator, population
from pid.simulation.block import luminous
from pid.simulation.generator import Generated
from pid.simulation.settings import AbundanceSettings, SimulationSettings

pytest.importorskip("chromo", reason="chromo is not installed")


def generated(pdg: int, count: int, momentum: tuple[float, float, float]) -> Generated:
    """One particle an event."""
    return Generated(np.full(count, pdg, np.int32), np.tile(momentum, (count, 1)), np.arange(count))


def test_a_seed_gives_the_same_collisions_whatever_came_before() -> None:
    first = generator.generate(13600.0, 20, 5)
    generator.generate(13600.0, 7, 6)
    again = generator.generate(13600.0, 20, 5)
    assert np.array_equal(first.momentum, again.momentum)
    assert np.array_equal(first.pdg, again.pdg) and np.array_equal(first.event, again.event)
    other = generator.generate(13600.0, 20, 7)
    assert not np.array_equal(first.pdg, other.pdg)
    pt = np.hypot(first.momentum[:, 0], first.momentum[:, 1])
    assert (np.abs(np.arcsinh(first.momentum[:, 2] / pt)) <= generator.ETA_MAX + 1e-9).all()


def test_lambdas_give_secondary_protons_and_pions(rng: np.random.Generator) -> None:
    count = 4000
    found = population.charged(
        generated(-3122, count, (2.0, 0.0, 0.1)), AbundanceSettings(), 0.5, rng
    )
    assert not found.primary.any()
    assert set(found.pdg.tolist()) <= {-2212, 211, -13}
    protons = np.count_nonzero(found.pdg == -2212)
    assert protons / count == pytest.approx(0.641, abs=5 * np.sqrt(0.641 * 0.359 / count))
    origin = found.origin[found.pdg == -2212]
    flown = np.linalg.norm(origin, axis=1)
    expected = 7.89 * np.hypot(2.0, 0.1) / 1.115683
    assert flown.mean() == pytest.approx(expected, rel=5 / np.sqrt(protons))


def test_omegas_decay_in_a_chain(rng: np.random.Generator) -> None:
    found = population.charged(
        generated(3334, 2000, (0.0, 3.0, 0.0)), AbundanceSettings(), 0.5, rng
    )
    codes = set(found.pdg.tolist())
    assert {-321, 2212, -211} <= codes
    assert 321 not in codes and -2212 not in codes


def test_kaons_decay_in_flight_with_their_life_time(rng: np.random.Generator) -> None:
    count = 20_000
    found = population.charged(
        generated(321, count, (1.0, 0.0, 0.0)), AbundanceSettings(), 0.5, rng
    )
    kaons = found.select(found.pdg == 321)
    length = 371.1 * 1.0 / 0.493677
    # The chord to 80 cm is an arc of 80.1 cm at a radius of 667 cm.
    alive = np.exp(-80.05 / length)
    assert len(kaons) / count == pytest.approx(alive, abs=5 * np.sqrt(alive * (1 - alive) / count))
    assert kaons.primary.all() and (kaons.end_cm >= population.TRACKED_CM).all()
    muons = found.select(found.pdg == -13)
    expected = (1 - alive) * 0.6356
    assert len(muons) / count == pytest.approx(expected, abs=5 * np.sqrt(expected / count))
    assert not muons.primary.any()


def test_photons_give_prompt_and_late_electron_pairs(rng: np.random.Generator) -> None:
    count = 200_000
    photons = generated(22, count, (0.6, 0.8, 0.0))
    found = population.charged(photons, AbundanceSettings(), 0.5, rng)
    assert np.count_nonzero(found.pdg == 11) == np.count_nonzero(found.pdg == -11)
    prompt = found.primary.sum() / 2 / count
    assert prompt == pytest.approx(0.0059, abs=5 * np.sqrt(0.0059 / count))
    late = found.select(~found.primary)
    radius = np.hypot(late.origin[:, 0], late.origin[:, 1])
    assert set(np.round(radius, 6)) == {1.86, 2.3, 3.1}
    by_event = np.bincount(late.event, late.momentum[:, 0], minlength=count)
    assert np.allclose(by_event[by_event > 0], 0.6)


def test_abundances_thin_species(rng: np.random.Generator) -> None:
    particles = together(
        [
            population._at_vertex(generated(code, 20_000, (1.0, 0.0, 0.0)))
            for code in (211, -321, 2212, -11, 13)
        ]
    )
    wanted = AbundanceSettings(pion=1.0, kaon=2.0, proton=0.5, electron=0.0)
    found = population.thinned(particles, wanted, rng)
    for code, share in ((211, 0.5), (-321, 1.0), (2212, 0.25), (-11, 0.0), (13, 1.0)):
        kept = np.count_nonzero(found.pdg == code) / 20_000
        assert kept == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / 20_000)), code
    none = AbundanceSettings(pion=0, kaon=0, proton=0, electron=0)
    with pytest.raises(ValueError, match="all abundances are 0"):
        population.thinned(particles, none, rng)


def test_the_detector_refuses_what_it_cannot_respond_to(rng: np.random.Generator) -> None:
    deuteron: Particles = population._at_vertex(generated(1000010020, 4, (1.0, 0.0, 0.0)))
    settings = SimulationSettings()
    collisions = luminous(4, settings.collisions, settings.detector.tof, rng)
    with pytest.raises(ValueError, match="no response to PDG code 1000010020"):
        respond(deuteron, collisions, settings.detector, rng)
