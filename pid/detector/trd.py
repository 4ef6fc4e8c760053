"""The TRD: which of its six layers see a track, and the charge, with transition radiation.

Electrons above a Lorentz factor of about 1000 add transition radiation to their energy loss.

Axis key: N tracks.

Source: ALICE Collaboration, Nucl. Instrum. Meth. A 881 (2018) 88.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from detcore.config import Settings
from pid.detector.bethe_bloch import aleph

RADIUS_CM: Final = 290.0
LAYERS: Final = 6
ONSET: Final = 1000.0
"""Lorentz factor of half the saturated transition radiation."""


class TrdSettings(Settings):
    """Response of the TRD.

    Arguments:
        gain: Signal of a minimum ionising particle, arbitrary units.
        resolution: Relative, of six layers.
        radiation: Saturated transition radiation relative to minimum ionisation.
        layer_efficiency: Probability that a layer has a tracklet of a matched track.
    """

    gain: float = Field(default=35.0, gt=0)
    resolution: float = Field(default=0.2, gt=0, lt=1)
    radiation: float = Field(default=0.9, ge=0)
    layer_efficiency: float = Field(default=0.85, gt=0, le=1)


def expected_signal(
    momentum: NDArray[np.float64], mass: NDArray[np.float64], settings: TrdSettings
) -> NDArray[np.float64]:
    """Mean charge, arbitrary units, shape (N,), at `momentum` GeV/c and `mass` GeV/c2."""
    gamma = np.sqrt(1 + (momentum / mass) ** 2)
    photons = settings.radiation / (1 + (ONSET / gamma) ** 2)
    return settings.gain * (aleph(momentum / mass) + photons)


def pattern(count: int, settings: TrdSettings, rng: np.random.Generator) -> NDArray[np.int64]:
    """Bits of the layers with a tracklet, at least one, shape (count,)."""
    seen = rng.random((count, LAYERS)) < settings.layer_efficiency
    bits: NDArray[np.int64] = seen @ (1 << np.arange(LAYERS))
    return np.where(bits == 0, 1 << rng.integers(LAYERS, size=count), bits)


def signal(
    momentum: NDArray[np.float64],
    mass: NDArray[np.float64],
    layers: NDArray[np.int64],
    settings: TrdSettings,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Measured charge, arbitrary units, positive, shape (N,).

    Arguments:
        momentum: True, GeV/c, shape (N,).
        mass: True, GeV/c2, shape (N,).
        layers: `pattern` of each track, shape (N,).
        settings: Gain and resolution.
        rng: Source of randomness.
    """
    hit = np.bitwise_count(layers.astype(np.uint64)).astype(np.float64)
    spread = settings.resolution * np.sqrt(LAYERS / hit)
    # The charge of thin gas layers has a long upper tail: log-normal with unit mean.
    tail = np.exp(spread * rng.standard_normal(len(spread)) - spread**2 / 2)
    return expected_signal(momentum, mass, settings) * tail
