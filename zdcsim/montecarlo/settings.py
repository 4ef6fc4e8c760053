"""Settings of a simulation, stored in every file it makes."""

import math
from dataclasses import asdict, dataclass

from zdcsim.shower_physics import CUTS, RANGE_FACTOR, Grooves, PhysicsList, ShowerPhysics

ELECTROMAGNETIC: dict[PhysicsList, str] = {
    "FTFP_BERT": "G4EmStandardPhysics (option 0)",
    "FTFP_BERT_EMV": "G4EmStandardPhysics_option1",
}
"""Geant4's constructor of electromagnetic physics in each list."""


@dataclass(frozen=True)
class Transport:
    """How Geant4 transports particles; as in ALICE O2, if nothing else is asked for.

    Most entries move the light. For which of them the coupling has been measured,
    `zdcsim.light.coupling` says.

    Source: AliceO2, Common/SimConfig/include/SimConfig/G4Params.h (physics list) and
    Detectors/ZDC/simulation/data/simcuts.dat (cuts, which Geant4 VMC takes for the production cuts
    of the medium, too).

    Arguments:
        physics_list: Geant4's name. FTFP_BERT_EMV takes longer steps in multiple scattering and 0.6
            to 0.7 of the time; it dims the light by two fifths, which the coupling makes good
            (`benchmarks/throughput.py`).
        production_cut_mm: Range below which secondaries are not made.
        absorber_cut_mev: Kinetic energy below which tracks end in the absorber, not in the fibres;
            ALICE's simcuts.dat has 1 MeV for electrons and photons. 0 switches it off.
        neutron_cut_mev: Kinetic energy below which neutrons end anywhere; ALICE has 10 MeV.
        time_limit_ns: Time after which neutrons end.
        fibre_cut_mev: Kinetic energy below which tracks end in the fibres; ALICE has 1 MeV. 0
            follows electrons down to the threshold of their light.
        absorber_production_cut_mev: Electrons, positrons and photons of less kinetic energy are not
            made in the absorber but lose theirs on the spot. That saves time and dims the light,
            as some would have reached a fibre in one of the long steps of O2's list: with 0 it
            gives 24 per cent more light of neutrons and 36 of photons than with 1 MeV
            (`benchmarks/throughput.py`). 0 uses `production_cut_mm`, as in the fibres.
        multiple_scattering_range_factor: Longest step of an electron that enters a volume, in units
            of its range; larger is faster and dims the light. 0 leaves it to the physics list.
        electron_cut_mev: Energy below which electrons end anywhere: just over the 0.19 MeV
            threshold of Cherenkov light would lose light, so it stays at the threshold.
    """

    physics_list: PhysicsList = ShowerPhysics.physics_list
    production_cut_mm: float = ShowerPhysics.production_cut_mm
    absorber_cut_mev: float = ShowerPhysics.absorber_cut_mev
    neutron_cut_mev: float = ShowerPhysics.neutron_cut_mev
    time_limit_ns: float = 200.0
    fibre_cut_mev: float = ShowerPhysics.fibre_cut_mev
    absorber_production_cut_mev: float = ShowerPhysics.absorber_production_cut_mev
    multiple_scattering_range_factor: float = ShowerPhysics.multiple_scattering_range_factor
    electron_cut_mev: float = ShowerPhysics.electron_cut_mev

    def __post_init__(self) -> None:
        negative = {
            name: value
            for name, value in asdict(self).items()
            if isinstance(value, float) and not 0 <= value < math.inf
        }
        if negative or self.production_cut_mm == 0:
            found = negative or {"production_cut_mm": 0}
            raise ValueError(
                f"cuts must be finite and not negative, the production cut above 0; got {found}"
            )

    @property
    def range_factor(self) -> float:
        """Longest step of an electron that enters a volume, in units of its range."""
        return self.multiple_scattering_range_factor or RANGE_FACTOR[self.physics_list]

    def physics(self, grooves: Grooves) -> ShowerPhysics:
        """What decides over the light, with these grooves."""
        cuts = {name: getattr(self, name) for name in CUTS}
        return ShowerPhysics(grooves, self.physics_list, self.fibre_cut_mev, **cuts)

    def record(self) -> dict[str, object]:
        """What a file stores: the settings and the names of the physics."""
        return {
            **asdict(self),
            "electromagnetic": ELECTROMAGNETIC[self.physics_list],
            "multiple_scattering_range_factor": self.range_factor,
        }
