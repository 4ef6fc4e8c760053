"""Mean energy loss in the TPC gas, ALEPH's parametrisation with O2's numbers.

Axis key: N tracks.

Source: O2Physics, Common/Core/PID (parameters); W. Blum, W. Riegler, L. Rolandi, Particle
Detection with Drift Chambers, equation 10.5 (form).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

PARAMETERS: Final = (0.0320981, 19.97688, 2.52666e-16, 2.72123, 6.08092)
MINIMUM_SIGNAL: Final = 50.0
"""TPC signal of a minimum ionising particle."""


def aleph(beta_gamma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy loss relative to minimum ionisation, shape (N,).

    Arguments:
        beta_gamma: Momentum over mass, positive, shape (N,).
    """
    p1, p2, p3, p4, p5 = PARAMETERS
    beta = beta_gamma / np.sqrt(1 + beta_gamma**2)
    power = beta**p4
    return (p2 - power - np.log(p3 + beta_gamma**-p5)) * p1 / power


def expected_signal(
    momentum: NDArray[np.float64], mass: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Expected TPC signal of unit charges, shape (N,).

    Arguments:
        momentum: GeV/c, shape (N,).
        mass: GeV/c2, one for all or shape (N,).
    """
    return MINIMUM_SIGNAL * aleph(momentum / mass)
