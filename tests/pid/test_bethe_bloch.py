"""Energy loss: minimum, relativistic rise, and the published crossings of species."""

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from pid.detector.bethe_bloch import PARAMETERS, aleph, expected_signal
from pid.species import ELECTRON, KAON, PION, PROTON


def test_the_form_is_aleph_s() -> None:
    """The five parameters as O2's function takes them, written out once more for one number."""
    p1, p2, p3, p4, p5 = PARAMETERS
    bg = 2.0
    beta = bg / np.sqrt(1 + bg * bg)
    power = np.exp(p4 * np.log(beta))
    expected = (p2 - power - np.log(p3 + (1 / bg) ** p5)) * p1 / power
    assert aleph(np.array([bg]))[0] == pytest.approx(expected, rel=1e-12)


def test_minimum_ionisation_is_where_it_belongs() -> None:
    lowest = minimize_scalar(lambda x: aleph(np.array([x]))[0], bounds=(1, 20), method="bounded")
    assert 3 < lowest.x < 4
    assert 45 < expected_signal(np.array([lowest.x * PION.mass]), PION.mass)[0] < 52


def test_loss_falls_as_beta_below_the_minimum_and_rises_slowly_above() -> None:
    slow = aleph(np.array([0.3, 0.6]))
    beta = np.array([0.3, 0.6]) / np.sqrt(1 + np.array([0.3, 0.6]) ** 2)
    steepness = np.log(slow[0] / slow[1]) / np.log(beta[1] / beta[0])
    assert 1.5 < steepness < 2.8
    rise = aleph(np.array([3.5, 30.0, 1000.0]))
    assert rise[0] < rise[1] < rise[2] < 2 * rise[0]


@pytest.mark.parametrize(
    ("heavy", "light", "low", "high"),
    [
        (KAON.mass, ELECTRON.mass, 0.4, 0.6),
        (PROTON.mass, ELECTRON.mass, 0.8, 1.2),
        (KAON.mass, PION.mass, 0.8, 1.3),
        (PROTON.mass, PION.mass, 1.5, 2.5),
    ],
)
def test_bands_cross_at_the_known_momenta(
    heavy: float, light: float, low: float, high: float
) -> None:
    def difference(p: float) -> float:
        momentum = np.array([p])
        return float(expected_signal(momentum, heavy)[0] - expected_signal(momentum, light)[0])

    assert low < brentq(difference, 0.2, 5) < high
