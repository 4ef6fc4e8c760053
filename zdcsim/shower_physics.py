"""What decides how much light a shower makes and where, beside the calorimeter and the particle.

ALICE O2 has air in the grooves around the fibres (Detector.cxx), the physics list FTFP_BERT_EMV
(SimConfig/G4Params.h) and ends tracks below 1 MeV in the fibres (simcuts.dat). The coupling is
calibrated for each combination (`light/coupling.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

Grooves = Literal["air", "filled"]
"""What is in the grooves around the fibres: air, as in O2, or absorber up to the fibre."""
PhysicsList = Literal["FTFP_BERT_EMV", "FTFP_BERT"]
"""Geant4's names; EMV is the list of O2's Geant4."""
DATA_KIND: Final = "data_kind"
"""Entry of a sample's provenance: who made it."""
GEANT4: Final = "geant4 simulation"
"""The data kind of our own Monte Carlo."""
NOT_STATED: Final = "physics of the showers not stated"
GROOVES: Final = "grooves"
"""Entry of a sample's provenance."""
TRANSPORT: Final = "transport"
"""Entry of a sample's provenance with Geant4's physics list and cuts."""


@dataclass(frozen=True)
class ShowerPhysics:
    """The three choices; without arguments, those of O2.

    Arguments:
        grooves: What is in the grooves around the fibres.
        physics_list: Of Geant4.
        fibre_cut_mev: Kinetic energy below which tracks end in the fibres.
    """

    grooves: Grooves = "air"
    physics_list: PhysicsList = "FTFP_BERT_EMV"
    fibre_cut_mev: float = 1.0

    def __str__(self) -> str:
        return f"{self.grooves} grooves, {self.physics_list}, fibre cut {self.fibre_cut_mev:g} MeV"

    def unlike_o2(self) -> str:
        """What differs from O2, in words; empty if nothing does."""
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
        return "; ".join(said)


def physics_of(provenance: Mapping[str, object]) -> ShowerPhysics | None:
    """The choices that a sample of ours was simulated with; None of others, which state none.

    A sample of ours without an entry was made before the choice existed: with filled grooves,
    FTFP_BERT and no fibre cut.
    """
    if provenance.get(DATA_KIND) != GEANT4:
        return None
    found = provenance.get(TRANSPORT)
    transport = found if isinstance(found, Mapping) else {}
    return ShowerPhysics(
        "air" if provenance.get(GROOVES) == "air" else "filled",
        cast(PhysicsList, transport.get("physics_list", "FTFP_BERT")),
        float(transport.get("fibre_cut_mev", 0.0)),
    )


def with_choices(provenance: Mapping[str, object]) -> dict[str, object]:
    """A provenance that states the choices which were made before it could say so."""
    made, transport = physics_of(provenance), provenance.get(TRANSPORT)
    if made is None:
        return dict(provenance)
    stated = {**provenance, GROOVES: made.grooves}
    if isinstance(transport, Mapping):
        stated[TRANSPORT] = {"fibre_cut_mev": made.fibre_cut_mev, **transport}
    return stated
