"""The calibrated part of the light yield.

ALICE quotes 329 photo-electrons per TeV for neutrons in the ZN and 369 for protons in the ZP
(constants of the AliRoot reconstruction). The coupling makes the mean response of our Geant4
nucleons of 2.76 TeV, the beam energy per nucleon the constants were made for, agree with them;
`benchmarks/light_yield.py` measures. Nucleons that fly through an air groove without a shower do
not count: a calibration sees the peak of one nucleon.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter
from zdcsim.shower_physics import ShowerPhysics

THROUGH: Final = 0.05
"""A nucleon with a smaller share of the median light made no shower in the block."""
ALICE_PHOTO_ELECTRONS_PER_TEV = {"ZN": 329.0, "ZP": 369.0}
CALIBRATION_ENERGY_GEV = 2760.0


@dataclass(frozen=True)
class Calibration:
    """A measured coupling.

    Arguments:
        coupling: Photons at the photocathode per photon at the fibre's end. It also makes good
            what the physics list does to the light, so that it can exceed 1.
        relative_error: Statistical, of the measurement.
    """

    coupling: float
    relative_error: float


OPTION_0: Final = ("FTFP_BERT", 0.0)
"""Physics list and fibre cut of the samples that were made before O2's were known."""
NO_PRODUCTION_CUT: Final = 0.0
"""Of the absorber's own; the first calibration was made before there was one."""

CALIBRATION: dict[tuple[str, ShowerPhysics], Calibration] = {
    # 329 over the 378.6 +- 4.5 photo-electrons per TeV of 105 neutrons with unit coupling; 15 more
    # flew through a groove (benchmarks/results/light_yield_zn_air_ftfp_bert_emv.json).
    ("ZN", ShowerPhysics()): Calibration(0.869, 0.0118),
    # 369 over the 321.5 +- 3.6 of 60 protons; none flew through
    # (benchmarks/results/light_yield_zp_air_ftfp_bert_emv.json).
    ("ZP", ShowerPhysics()): Calibration(1.1479, 0.0113),
    # 329 over the 722 +- 10 photo-electrons per TeV of 48 neutrons with unit coupling; 48 others
    # gave 708 +- 10 (benchmarks/results/light_yield_zn_filled_ftfp_bert.json).
    ("ZN", ShowerPhysics("filled", *OPTION_0, NO_PRODUCTION_CUT)): Calibration(0.4554, 0.010),
    # 369 over the 587.5 +- 6.6 photo-electrons per TeV of 48 protons with unit coupling, absorber
    # production cut 1 MeV (benchmarks/results/light_yield_zp_filled_ftfp_bert.json).
    ("ZP", ShowerPhysics("filled", *OPTION_0)): Calibration(0.6281, 0.0112),
    # 329 over the 671.4 +- 18.2 photo-electrons per TeV of 54 neutrons with unit coupling; 6 more
    # flew through a groove (benchmarks/results/light_yield_zn_air_ftfp_bert.json).
    ("ZN", ShowerPhysics("air", *OPTION_0)): Calibration(0.49, 0.0271),
    # 369 over the 541.1 +- 6.3 of 60 protons; none flew through
    # (benchmarks/results/light_yield_zp_air_ftfp_bert.json).
    ("ZP", ShowerPhysics("air", *OPTION_0)): Calibration(0.6819, 0.0117),
}


def showered(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the light of all nucleons, shape (N,), that of those that did not fly through."""
    return light[light > THROUGH * np.median(light)]


def calibration(calorimeter: Calorimeter, physics: ShowerPhysics) -> Calibration:
    """The measured coupling: photons at the photocathode per photon at the fibre's end.

    It is that of the same grooves, physics list and fibre cut; `not_calibrated` says which other
    cuts it was not measured with.

    Raises:
        ValueError: If that calorimeter has not been calibrated with those.
    """
    return CALIBRATION[calorimeter.name, _measured_with(calorimeter, physics)]


def not_calibrated(calorimeter: Calorimeter, physics: ShowerPhysics) -> str:
    """The cuts that the coupling was not measured with, in words; empty if there are none.

    Raises:
        ValueError: As `calibration`.
    """
    measured = _measured_with(calorimeter, physics)
    return ", ".join(
        f"{physics.worded(name)} (measured with {measured.value(name)})"
        for name in physics.other_cuts(measured)
    )


def _measured_with(calorimeter: Calorimeter, physics: ShowerPhysics) -> ShowerPhysics:
    """The physics of the calibration that serves for this one: its own, if there is one."""
    alike = [
        measured
        for name, measured in CALIBRATION
        if name == calorimeter.name and measured.family == physics.family
    ]
    if not alike:
        known = "; ".join(f"{name}, {each}" for name, each in CALIBRATION)
        raise ValueError(
            f"the light of the {calorimeter.name} with {physics} is not calibrated; calibrated: "
            f"{known}"
        )
    return physics if physics in alike else alike[0]
