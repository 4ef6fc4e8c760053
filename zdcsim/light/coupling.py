"""The calibrated part of the light yield.

ALICE quotes 329 photo-electrons per TeV for neutrons in the ZN and 369 for protons in the ZP
(constants of the AliRoot reconstruction). The coupling makes the mean response of our Geant4
nucleons of 2.76 TeV, the beam energy per nucleon the constants were made for, agree with them;
`benchmarks/light_yield.py` measures.
"""

from dataclasses import dataclass

from zdcsim.geometry import Calorimeter

ALICE_PHOTO_ELECTRONS_PER_TEV = {"ZN": 329.0, "ZP": 369.0}
CALIBRATION_ENERGY_GEV = 2760.0


@dataclass(frozen=True)
class Calibration:
    """A measured coupling.

    Arguments:
        coupling: Photons at the photocathode per photon at the fibre's end.
        relative_error: Statistical, of the measurement.
    """

    coupling: float
    relative_error: float


CALIBRATION = {
    # 329 over the 722 +- 10 photo-electrons per TeV of 48 neutrons with unit coupling; 48 others
    # gave 708 +- 10 (benchmarks/results/light_yield.json).
    "ZN": Calibration(0.4554, 0.010),
    # 369 over the 587.5 +- 6.6 photo-electrons per TeV of 48 protons with unit coupling, absorber
    # production cut 1 MeV (benchmarks/results/light_yield_zp.json).
    "ZP": Calibration(0.6281, 0.0112),
}


def coupling(calorimeter: Calorimeter) -> float:
    """Photons at the photocathode per photon at the fibre's end.

    Raises:
        ValueError: If that calorimeter has not been calibrated.
    """
    try:
        return CALIBRATION[calorimeter.name].coupling
    except KeyError:
        raise ValueError(
            f"the light of the {calorimeter.name} is not calibrated; calibrated: "
            f"{', '.join(CALIBRATION)}"
        ) from None
