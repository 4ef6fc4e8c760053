"""What decides how much light a shower makes and where, beside the calorimeter and the particle.

ALICE O2 has air in the grooves around the fibres (Detector.cxx), the physics list FTFP_BERT_EMV
(SimConfig/G4Params.h) and ends tracks below 1 MeV in the fibres (simcuts.dat). The coupling is
calibrated for some combinations (`light/coupling.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

Grooves = Literal["air", "filled"]
"""What is in the grooves around the fibres: air, as in O2, or absorber up to the fibre."""
PhysicsList = Literal["FTFP_BERT_EMV", "FTFP_BERT"]
"""Geant4's names; EMV is the list of O2's Geant4."""
RANGE_FACTOR: Final[dict[PhysicsList, float]] = {"FTFP_BERT": 0.04, "FTFP_BERT_EMV": 0.2}
"""Longest step of an electron that enters a volume, in units of its range, as each list sets it."""
DATA_KIND: Final = "data_kind"
"""Entry of a sample's provenance: who made it."""
GEANT4: Final = "geant4 simulation"
"""The data kind of our own Monte Carlo."""
NOT_STATED: Final = "physics of the showers not stated"
GROOVES: Final = "grooves"
"""Entry of a sample's provenance."""
TRANSPORT: Final = "transport"
"""Entry of a sample's provenance with Geant4's physics list and cuts."""
LIGHT: Final = "light"
"""Entry of a sample's provenance with the constants of the light model."""
LIGHT_MODEL: Final = (
    "refractive_index",
    "wavelength_nm",
    "numerical_aperture",
    "attenuation_length_mm",
    "quantum_efficiency",
    "coupling",
)
"""Those constants that the light depends on; beside them stands how the coupling was measured."""
SCATTERING: Final = "multiple_scattering_range_factor"
CUTS: Final = {
    "absorber_production_cut_mev": ("absorber production cut", " MeV"),
    "absorber_cut_mev": ("absorber cut", " MeV"),
    "production_cut_mm": ("production cut", " mm"),
    SCATTERING: ("range factor of multiple scattering", ""),
    "electron_cut_mev": ("electron cut", " MeV"),
    "neutron_cut_mev": ("neutron cut", " MeV"),
}
"""Name in words and unit of the transport's entries beside physics list and fibre cut.

The time limit of neutrons is not among them: at 50 ns every shower is what it is at 200 ns
(`benchmarks/throughput.py`).
"""
BEFORE_THE_CHOICE: Final = {
    "fibre_cut_mev": 0.0,
    "absorber_production_cut_mev": 0.0,
    SCATTERING: 0.0,
}
"""What entries of the transport were before samples stated them."""


@dataclass(frozen=True)
class ShowerPhysics:
    """The choices; without arguments, those of O2.

    Arguments:
        grooves: What is in the grooves around the fibres.
        physics_list: Of Geant4.
        fibre_cut_mev: Kinetic energy below which tracks end in the fibres.
        absorber_production_cut_mev: Below it no electrons and photons are made in the absorber; 0
            is as `production_cut_mm` says.
        absorber_cut_mev: Kinetic energy below which tracks end in the absorber.
        production_cut_mm: Range below which secondaries are not made.
        multiple_scattering_range_factor: See `RANGE_FACTOR`; 0 stands for that of the list.
        electron_cut_mev: Energy below which electrons end anywhere.
        neutron_cut_mev: Kinetic energy below which neutrons end anywhere.
    """

    grooves: Grooves = "air"
    physics_list: PhysicsList = "FTFP_BERT_EMV"
    fibre_cut_mev: float = 1.0
    absorber_production_cut_mev: float = 1.0
    absorber_cut_mev: float = 1.0
    production_cut_mm: float = 0.3
    multiple_scattering_range_factor: float = 0.0
    electron_cut_mev: float = 0.19
    neutron_cut_mev: float = 10.0

    def __post_init__(self) -> None:
        if not self.multiple_scattering_range_factor:
            object.__setattr__(self, SCATTERING, RANGE_FACTOR[self.physics_list])

    def __str__(self) -> str:
        usual = ShowerPhysics(physics_list=self.physics_list)
        said = [
            f"{self.grooves} grooves",
            self.physics_list,
            f"fibre cut {self.fibre_cut_mev:g} MeV",
            *(self.worded(name) for name in self.other_cuts(usual)),
        ]
        return ", ".join(said)

    @property
    def family(self) -> tuple[Grooves, PhysicsList, float]:
        """The choices that a calibration of the light is made for."""
        return self.grooves, self.physics_list, self.fibre_cut_mev

    def worded(self, name: str) -> str:
        """One of the `CUTS` in words, with its value."""
        return f"{CUTS[name][0]} {self.value(name)}"

    def value(self, name: str) -> str:
        """The value of one of the `CUTS`, with its unit."""
        return f"{getattr(self, name):g}{CUTS[name][1]}"

    def other_cuts(self, other: "ShowerPhysics") -> list[str]:
        """Names of those of the `CUTS` that differ."""
        return [name for name in CUTS if getattr(self, name) != getattr(other, name)]

    def unlike_o2(self) -> str:
        """What differs from O2, in words; empty if nothing does.

        The range factor is compared with that of the physics list, which is said before.
        """
        o2, said = ShowerPhysics(), []
        if self.grooves != o2.grooves:
            said.append("absorber up to the fibres, where ALICE has air")
        if self.physics_list != o2.physics_list:
            said.append(f"physics list {self.physics_list}, where O2 has {o2.physics_list}")
        if self.fibre_cut_mev != o2.fibre_cut_mev:
            said.append(
                f"tracks in the fibres end at {self.fibre_cut_mev:g} MeV, where O2 ends them at "
                f"{o2.fibre_cut_mev:g} MeV"
            )
        usual = ShowerPhysics(physics_list=self.physics_list)
        for name in self.other_cuts(usual):
            whose = self.physics_list if name == SCATTERING else "O2"
            said.append(f"{self.worded(name)}, where {whose} has {usual.value(name)}")
        return "; ".join(said)


def physics_of(provenance: Mapping[str, object]) -> ShowerPhysics | None:
    """The choices that a sample of ours was simulated with; None of others, which state none.

    A sample of ours without an entry was made before the choice existed: with filled grooves,
    FTFP_BERT, and neither a fibre cut nor a production cut of the absorber's own.
    """
    if provenance.get(DATA_KIND) != GEANT4:
        return None
    found = provenance.get(TRANSPORT)
    transport = found if isinstance(found, Mapping) else {}
    known = {name: transport[name] for name in {**BEFORE_THE_CHOICE, **CUTS} if name in transport}
    return ShowerPhysics(
        "air" if provenance.get(GROOVES) == "air" else "filled",
        cast(PhysicsList, transport.get("physics_list", "FTFP_BERT")),
        **{name: float(value) for name, value in {**BEFORE_THE_CHOICE, **known}.items()},
    )


def with_choices(provenance: Mapping[str, object]) -> dict[str, object]:
    """A provenance that states the choices which were made before it could say so."""
    made, transport = physics_of(provenance), provenance.get(TRANSPORT)
    if made is None:
        return dict(provenance)
    stated = {**provenance, GROOVES: made.grooves}
    if isinstance(transport, Mapping):
        then = {name: getattr(made, name) for name in BEFORE_THE_CHOICE}
        stated[TRANSPORT] = {**then, **transport}
    return stated


def light_model(provenance: Mapping[str, object]) -> dict[str, object]:
    """The constants that the light of a sample depends on, those that it states."""
    stated = provenance.get(LIGHT)
    found = stated if isinstance(stated, Mapping) else {}
    return {name: found[name] for name in LIGHT_MODEL if name in found}
