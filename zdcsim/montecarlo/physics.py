"""The FTFP_BERT physics list with ALICE's tracking cuts.

Import only after `datasets.use`.
"""

import geant4_pybind as geant4

from zdcsim.montecarlo.settings import Transport

UI_BEFORE = (
    "/process/em/fluo false",
    "/process/em/auger false",
    "/process/em/pixe false",
    "/process/em/verbose 0",
    "/process/had/verbose 0",
)


class FtfpBert(geant4.G4VModularPhysicsList):  # type: ignore[misc]
    """FTFP_BERT built from its parts, so that cuts can be added."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self.SetVerboseLevel(0)
        for part in (
            geant4.G4EmStandardPhysics,
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
    before = (*UI_BEFORE, f"/process/em/lowestElectronEnergy {transport.electron_cut_mev} MeV")
    return before, (f"/run/setCut {transport.production_cut_mm} mm",)
