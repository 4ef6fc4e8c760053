"""The small Glauber model against geometry, densities and an independent slow version."""

import math

import numpy as np
import pytest

from zdcsim.montecarlo import glauber


def test_nucleons_follow_the_woods_saxon_density() -> None:
    rng = np.random.default_rng(1)
    nuclei = [glauber.nucleus(rng) for _ in range(300)]
    across = np.concatenate(nuclei)
    # <x^2 + y^2> is two thirds of <r^2>, integrated here on another grid.
    r = np.linspace(0, 25, 200_001)
    weight = r**2 / (1 + np.exp((r - 6.624) / 0.549))
    squared, fourth = ((weight * r**n).sum() / weight.sum() for n in (2, 4))
    # The charge radius that electron scattering gives 208Pb is 5.50 fm.
    assert math.sqrt(squared) == pytest.approx(5.52, abs=0.03)
    found = (across**2).sum(axis=1)
    # <sin^4> is 8/15: the variance of r^2 sin^2.
    spread = math.sqrt(8 / 15 * fourth - (2 / 3 * squared) ** 2)
    assert found.mean() == pytest.approx(2 / 3 * squared, abs=5 * spread / math.sqrt(len(found)))
    assert across.mean(axis=0) == pytest.approx([0, 0], abs=5 * 3.3 / math.sqrt(len(found)))


def test_collided_agrees_with_a_double_loop() -> None:
    rng = np.random.default_rng(2)
    a, b = glauber.nucleus(rng)[:40], glauber.nucleus(rng)[:40]
    found = glauber.collided(a, b, 7.0)
    expected = np.zeros((2, 40), bool)
    for i, (xa, ya) in enumerate(a):
        for j, (xb, yb) in enumerate(b):
            if math.hypot(xa - xb - 7.0, ya - yb) < math.sqrt(6.8 / math.pi):
                expected[0, i] = expected[1, j] = True
    assert 0 < expected.sum() < 80
    assert np.array_equal(found, expected)


def test_nucleons_are_conserved_and_protons_shared_fairly() -> None:
    rng = np.random.default_rng(3)
    overlap = glauber.collide(150, (0, 100), rng)
    assert ((overlap.participants + overlap.protons + overlap.neutrons) == 208).all()
    assert (overlap.participants >= 1).all()
    assert (overlap.protons >= 0).all()
    assert (overlap.neutrons >= 0).all()
    left = 208 - overlap.participants
    # A hypergeometric draw of each nucleus: variance below the binomial one.
    spread = np.sqrt((left * 82 / 208 * 126 / 208).sum())
    assert overlap.protons.sum() == pytest.approx(left.sum() * 82 / 208, abs=5 * spread)


def test_impact_parameter_is_uniform_in_area_of_the_centrality() -> None:
    low, high = glauber.impact_range_fm((20, 60))
    assert math.pi * high**2 == pytest.approx(0.6 * 767)
    overlap = glauber.collide(200, (20, 60), np.random.default_rng(4))
    share = (overlap.impact_fm**2 - low**2) / (high**2 - low**2)
    assert ((share >= 0) & (share <= 1)).all()
    assert share.mean() == pytest.approx(0.5, abs=5 / math.sqrt(12 * 200))


def test_participants_of_known_centralities() -> None:
    # ALICE at 5.02 TeV (arXiv:1512.06104): 384 +- 2 for 0-5 %, 86.3 +- 1.7 for 40-50 %, both
    # nuclei; our geometry is simpler, so the bounds are wide.
    rng = np.random.default_rng(5)
    central = glauber.collide(60, (0, 5), rng).participants.sum(axis=1).mean()
    middle = glauber.collide(100, (40, 50), rng).participants.sum(axis=1).mean()
    assert central == pytest.approx(384, abs=8)
    assert middle == pytest.approx(86, abs=9)


@pytest.mark.parametrize("centrality", [(50.0, 50.0), (-1.0, 5.0), (0.0, 101.0), (30.0, 10.0)])
def test_impossible_centralities_are_refused(centrality: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="centrality must be a range"):
        glauber.impact_range_fm(centrality)
