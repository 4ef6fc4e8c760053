"""What is reconstructed of an event, for comparisons.

Axis key: E events, two sides (A, C), 5 channels, K quantities.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zdcsim.channels import CHANNEL_NAMES
from zdcsim.evaluation.quantities import Measured, Quantity
from zdcsim.geometry import ZN
from zdcsim.reconstruction.centrality import CentralityEstimate
from zdcsim.reconstruction.centroid import CentroidSettings, centroid, spectator_factor
from zdcsim.reconstruction.energy import asymmetry, energy, neutrons

CHANNEL_SIGNALS = tuple(Quantity("o2", name, "photo-electrons") for name in CHANNEL_NAMES["o2"])
ENERGY = Quantity("reconstruction", "energy", "TeV")
CENTROIDS = tuple(Quantity("reconstruction", f"centroid {axis}", "cm") for axis in "xy")
NEUTRONS = Quantity("reconstruction", "neutrons", "")
ASYMMETRY = Quantity("reconstruction", "asymmetry A - C", "")
CENTRALITY = Quantity("reconstruction", "centrality", "%")


@dataclass(frozen=True)
class Calibration:
    """What turns light into physics; made from Monte Carlo, the same for all that is compared.

    Arguments:
        photo_electrons_per_tev: Of single particles.
        photo_electrons_per_neutron: Mean of one spectator neutron. With it the number of neutrons
            is estimated, and the centroid has the factor for overlapping showers.
        centrality: With it the centrality is estimated.
        towers: Of the centroid.
    """

    photo_electrons_per_tev: float
    photo_electrons_per_neutron: float | None = None
    centrality: CentralityEstimate | None = None
    towers: CentroidSettings = field(default_factory=CentroidSettings)


def sides(signals: NDArray[np.number], calibration: Calibration) -> Measured:
    """Quantities of every ZN, side A and C of one event after the other.

    Arguments:
        signals: Photo-electrons of the channels, O2's order, shape (E, 2, 5).
        calibration: The scales.

    Returns:
        Values of shape (2 E, K): channels, energy, centroid and, if calibrated, neutrons.
    """
    flat = np.asarray(signals.reshape(-1, signals.shape[-1]), np.float64)
    seen = energy(flat, calibration.photo_electrons_per_tev)
    place = centroid(flat, ZN, calibration.towers)
    known = (*CHANNEL_SIGNALS, ENERGY, *CENTROIDS)
    if calibration.photo_electrons_per_neutron is None:
        return Measured(known, np.column_stack([flat, seen, place]))
    number = neutrons(flat, calibration.photo_electrons_per_neutron)
    place = place * spectator_factor(number)[:, None]
    return Measured((*known, NEUTRONS), np.column_stack([flat, seen, place, number]))


def both(signals: NDArray[np.number], calibration: Calibration) -> Measured:
    """Quantities of every event, shape (E, K): asymmetry and, if calibrated, centrality."""
    found = energy(signals, calibration.photo_electrons_per_tev)
    between = asymmetry(found[:, 0], found[:, 1])
    if calibration.centrality is None:
        return Measured((ASYMMETRY,), between[:, None])
    percent = calibration.centrality.percent(found.sum(axis=1))
    return Measured((ASYMMETRY, CENTRALITY), np.column_stack([between, percent]))
