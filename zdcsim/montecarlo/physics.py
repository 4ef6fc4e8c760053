"""The physics lists FTFP_BERT and FTFP_BERT_EMV with ALICE's tracking cuts.

Import only after `datasets.use`.
"""

import math

import geant4_pybind as geant4

from zdcsim.montecarlo.block import FIBRES
from zdcsim.montecarlo.settings import Transport
from zdcsim.montecarlo.shootable import CannotSimulate
from zdcsim.shower_physics import PhysicsList

UI_BEFORE = (
    "/process/em/fluo false",
    "/process/em/auger false",
    "/process/em/pixe false",
    "/process/em/verbose 0",
    "/process/had/verbose 0",
)
ELECTROMAGNETIC = ("gamma", "e-", "e+")
BISECTIONS = 40
CONSTRUCTOR: dict[PhysicsList, type] = {
    "FTFP_BERT": geant4.G4EmStandardPhysics,
    "FTFP_BERT_EMV": geant4.G4EmStandardPhysics_option1,
}
"""Of the electromagnetic physics of a list."""


class FtfpBert(geant4.G4VModularPhysicsList):  # type: ignore[misc]
    """FTFP_BERT or FTFP_BERT_EMV built from its parts, so that cuts can be added."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self.SetVerboseLevel(0)
        for part in (
            CONSTRUCTOR[transport.physics_list],
            geant4.G4EmExtraPhysics,
            geant4.G4DecayPhysics,
            geant4.G4HadronElasticPhysics,
            geant4.G4HadronPhysicsFTFP_BERT,
            geant4.G4StoppingPhysics,
            geant4.G4IonPhysics,
        ):
            self.RegisterPhysics(part())
        self._neutrons = geant4.G4NeutronTrackingCut()
        self._neutrons.SetTimeLimit(transport.time_limit_ns * geant4.ns)
        self._neutrons.SetKineticEnergyLimit(transport.neutron_cut_mev * geant4.MeV)
        self.RegisterPhysics(self._neutrons)
        self._limits = geant4.G4StepLimiterPhysics()
        self._limits.SetApplyToAll(True)
        self.RegisterPhysics(self._limits)


def commands(transport: Transport) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Interactive commands to apply before and after the run manager is initialised."""
    before = [*UI_BEFORE, f"/process/em/lowestElectronEnergy {transport.electron_cut_mev} MeV"]
    if transport.absorber_production_cut_mev > 0:
        # Otherwise the cuts hold for ionisation and bremsstrahlung only.
        before.append("/process/em/applyCuts true")
    after = (
        f"/run/setCut {transport.production_cut_mm} mm",
        f"/process/msc/RangeFactor {transport.range_factor}",
    )
    return tuple(before), after


def absorber_commands(transport: Transport, absorber: str) -> tuple[str, ...]:
    """Commands, for a run manager that has made a run, for the absorber's own production cuts.

    Arguments:
        transport: The cuts.
        absorber: Geant4's name of the absorber's material.
    """
    lengths = [
        (name, production_range_mm(name, absorber, transport.absorber_production_cut_mev))
        for name in ELECTROMAGNETIC
    ]
    return (
        *(f"/run/setCutForAGivenParticle {name} {length:.6g} mm" for name, length in lengths),
        f"/run/setCutForRegion {FIBRES} {transport.production_cut_mm} mm",
    )


def production_range_mm(particle: str, material: str, energy_mev: float) -> float:
    """The range cut that Geant4 turns into an energy, found by bisection.

    Geant4 takes production cuts as ranges only.

    Raises:
        CannotSimulate: If no range between 1 micrometre and 10 m stands for that energy.
    """
    found = geant4.G4ParticleTable.GetParticleTable().FindParticle(particle)
    target = geant4.G4Material.GetMaterial(material)
    table = geant4.G4ProductionCutsTable.GetProductionCutsTable()
    low, high = math.log(1e-3), math.log(1e4)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        energy = table.ConvertRangeToEnergy(found, target, math.exp(middle) * geant4.mm)
        low, high = (middle, high) if energy < energy_mev * geant4.MeV else (low, middle)
    length = math.exp(0.5 * (low + high))
    if not 2e-3 < length < 5e3:
        raise CannotSimulate(
            f"no production cut of {energy_mev} MeV for {particle} in {material}; expected "
            "between 0.01 and 10 MeV"
        )
    return length
