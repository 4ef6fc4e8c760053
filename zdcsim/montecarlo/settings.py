"""Settings of a simulation, stored in every file it makes."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Transport:
    """How Geant4 transports particles.

    Arguments:
        production_cut_mm: Range below which secondaries are not made.
        absorber_cut_mev: Kinetic energy below which tracks end in the absorber, not in the fibres;
            ALICE's simcuts.dat has 1 MeV for electrons and photons. 0 switches it off.
        neutron_cut_mev: Kinetic energy below which neutrons end anywhere; ALICE has 10 MeV.
        time_limit_ns: Time after which neutrons end.
        absorber_production_cut_mev: Electrons, positrons and photons of less kinetic energy are not
            made in the absorber but lose theirs on the spot. Up to `absorber_cut_mev` this leaves
            the light alone, as they would end there without a step, and saves a fifth of the time
            (`benchmarks/throughput.py`). 0 uses `production_cut_mm`, as in the fibres.
        multiple_scattering_range_factor: Longest step of an electron that enters a volume, in units
            of its range; larger is faster and dims the light.
        electron_cut_mev: Energy below which electrons end anywhere: just over the 0.19 MeV
            threshold of Cherenkov light would lose light, so it stays at the threshold.
    """

    production_cut_mm: float = 0.3
    absorber_cut_mev: float = 1.0
    neutron_cut_mev: float = 10.0
    time_limit_ns: float = 200.0
    absorber_production_cut_mev: float = 0.0
    multiple_scattering_range_factor: float = 0.04
    electron_cut_mev: float = 0.19

    def record(self) -> dict[str, object]:
        """What a file stores: the settings and the names of the physics."""
        return {
            "physics_list": "FTFP_BERT",
            "electromagnetic": "G4EmStandardPhysics (option 0)",
            **asdict(self),
        }
