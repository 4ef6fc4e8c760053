"""The ITS: which of its seven layers have a cluster of a track.

Axis key: N tracks.

Source: ALICE ITS Upgrade TDR, CERN-LHCC-2013-024 (radii).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from detcore.config import Settings

RADII_CM: Final = (2.3, 3.1, 3.9, 19.4, 24.7, 35.3, 40.5)
INNER_BARREL: Final = 0b111
"""Bits of the three inner layers."""


class ItsSettings(Settings):
    """Response of the ITS.

    Arguments:
        layer_efficiency: Probability that a crossed layer has a cluster.
        pointing_cm: Resolution of the distance of closest approach at high momentum, cm.
        scattering_cm: Its part from multiple scattering at 1 GeV/c, cm GeV/c.
        momentum: Relative resolution of the transverse momentum at low momentum.
        momentum_slope: Its growth with transverse momentum, per GeV/c.
    """

    layer_efficiency: float = Field(default=0.98, gt=0, le=1)
    pointing_cm: float = Field(default=0.0012, ge=0)
    scattering_cm: float = Field(default=0.0022, ge=0)
    momentum: float = Field(default=0.008, ge=0)
    momentum_slope: float = Field(default=0.0015, ge=0)


def cluster_map(
    start_cm: NDArray[np.float64], settings: ItsSettings, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Bits of the layers with a cluster, innermost first, shape (N,).

    Arguments:
        start_cm: Transverse radius at which each particle is made, cm, shape (N,).
        settings: Efficiency.
        rng: Source of randomness.
    """
    crossed = start_cm[:, None] < np.array(RADII_CM)
    seen = crossed & (rng.random(crossed.shape) < settings.layer_efficiency)
    bits: NDArray[np.int64] = seen @ (1 << np.arange(len(RADII_CM)))
    return bits
