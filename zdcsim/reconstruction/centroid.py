"""Where the spectators hit the face of a ZN, from the light of its four towers.

    x = c sum(x_i w_i) / sum(w_i),   w_i = S_i^alpha

over the towers i, with S_i their signals, x_i their centres and an exponent alpha below one, which
makes up for towers that are larger than a shower. The factor c corrects for the number n of
spectators whose showers overlap, c = 1.89358 - 0.71262 / (n + 0.71789). The constants are ALICE's;
here they are one definition for both sides of a comparison, not a calibration of our Monte Carlo.

Axis key: E events; signals hold five channels in O2's order, common and towers 1 to 4, shape
(..., 5).

Source: AliRoot, STEER/ESD/AliESDZDC.cxx, GetZNCentroidInPbPb.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter

SIGNS = np.array([(-1, -1), (1, -1), (-1, 1), (1, 1)])
"""Sides in x and y of towers 1 to 4."""


@dataclass(frozen=True)
class CentroidSettings:
    """How towers are weighted.

    Arguments:
        exponent: Of the signals; ALICE has 0.395 for Pb-Pb, 0.5 for pp.
        tower_centre_cm: Distance of a tower's centre from the middle of the face, in x and y.
    """

    exponent: float = 0.395
    tower_centre_cm: float = 1.75

    def __post_init__(self) -> None:
        if not (self.exponent > 0 and self.tower_centre_cm > 0):
            raise ValueError(
                "exponent and tower_centre_cm of a centroid must be positive; got "
                f"{self.exponent} and {self.tower_centre_cm}"
            )


def centroid(
    signals: NDArray[np.number],
    calorimeter: Calorimeter,
    settings: CentroidSettings | None = None,
) -> NDArray[np.float64]:
    """Centroid without the factor c, cm from the middle of the face.

    Arguments:
        signals: Photo-electrons of the five channels, shape (..., 5).
        calorimeter: A ZN; the towers of a ZP are slabs, which know no y.
        settings: Exponent and places of the towers.

    Returns:
        x and y, shape (..., 2); NaN where no tower has light.

    Raises:
        ValueError: If the calorimeter is not a ZN.
    """
    if calorimeter.name != "ZN":
        raise ValueError(
            f"a centroid needs the four quadrants of a ZN; the {calorimeter.name} has four slabs "
            "along x"
        )
    chosen = settings or CentroidSettings()
    weights = np.asarray(signals[..., 1:], np.float64) ** chosen.exponent
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = (weights @ SIGNS) / weights.sum(axis=-1, keepdims=True)
    return chosen.tower_centre_cm * found


def spectator_factor(neutrons: NDArray[np.floating]) -> NDArray[np.float64]:
    """The factor c of a number of spectator neutrons, of any shape."""
    return np.asarray(1.89358 - 0.71262 / (neutrons + 0.71789), np.float64)
