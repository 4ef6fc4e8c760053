"""Energy and number of neutrons from the light of a calorimeter.

Every second fibre goes to the common photomultiplier, the others to those of the four towers, so
that the common one and the towers together each see half of the light.

Axis key: E events; signals hold five channels in O2's order, common and towers 1 to 4, shape
(..., 5).

Source: AliceO2, Detectors/ZDC/base/include/ZDCBase/Geometry.h (which fibre goes where).
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Readout = Literal["all", "common", "towers"]
SHARE: dict[Readout, float] = {"all": 1.0, "common": 0.5, "towers": 0.5}
"""Share of the fibres that each kind of readout sees."""


def light(signals: NDArray[np.number], readout: Readout = "all") -> NDArray[np.float64]:
    """Photo-electrons of the whole calorimeter, as a readout sees them, shape (...).

    Arguments:
        signals: Photo-electrons of the five channels, shape (..., 5).
        readout: `all` five channels; `common` or `towers` alone, doubled.

    Raises:
        ValueError: If there are not five channels.
    """
    if signals.shape[-1] != 5:
        raise ValueError(
            f"signals must hold five channels, common and four towers; got shape {signals.shape}"
        )
    common, towers = signals[..., 0], signals[..., 1:].sum(axis=-1)
    seen = {"all": common + towers, "common": common, "towers": towers}[readout]
    return np.asarray(seen / SHARE[readout], np.float64)


def energy(
    signals: NDArray[np.number], photo_electrons_per_tev: float, readout: Readout = "all"
) -> NDArray[np.float64]:
    """Energy, TeV, shape (...).

    Arguments:
        signals: Photo-electrons of the five channels, shape (..., 5).
        photo_electrons_per_tev: Calibration, from single particles of known energy.
        readout: Which photomultipliers are used.
    """
    return light(signals, readout) / photo_electrons_per_tev


def neutrons(
    signals: NDArray[np.number], photo_electrons_per_neutron: float, readout: Readout = "all"
) -> NDArray[np.float64]:
    """Number of spectator neutrons, not rounded, shape (...).

    Arguments:
        signals: Photo-electrons of the five channels, shape (..., 5).
        photo_electrons_per_neutron: Calibration: mean light of one neutron of beam energy, which
            data take from the single-neutron peak.
        readout: Which photomultipliers are used.
    """
    return light(signals, readout) / photo_electrons_per_neutron


def asymmetry(a: NDArray[np.floating], c: NDArray[np.floating]) -> NDArray[np.float64]:
    """(a - c) / (a + c) of the two sides, shape (E,); NaN where both are empty."""
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = (a - c) / (a + c)
    return found
