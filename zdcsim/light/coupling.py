"""The calibrated part of the light yield.

ALICE quotes 329 photo-electrons per TeV for neutrons in the ZN (constant of the AliRoot
reconstruction). The coupling makes the mean response of our Geant4 neutrons of 2.76 TeV, the beam
energy per nucleon the constant was made for, agree with it; `benchmarks/light_yield.py` measures.
"""

from zdcsim.geometry import Calorimeter

ALICE_PHOTO_ELECTRONS_PER_TEV = {"ZN": 329.0, "ZP": 369.0}
CALIBRATION_ENERGY_GEV = 2760.0
COUPLING = {"ZN": 0.4554}
"""329 over the 722 +- 10 photo-electrons per TeV of 48 neutrons with unit coupling. 48 others gave
708 +- 10 (`benchmarks/results/light_yield.json`); with both, the scale is known to one per cent."""


def coupling(calorimeter: Calorimeter) -> float:
    """Photons at the photocathode per photon at the fibre's end.

    Raises:
        ValueError: If that calorimeter has not been calibrated.
    """
    try:
        return COUPLING[calorimeter.name]
    except KeyError:
        raise ValueError(
            f"the light of the {calorimeter.name} is not calibrated; calibrated: "
            f"{', '.join(COUPLING)}"
        ) from None
