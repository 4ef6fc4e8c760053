"""One Geant4 shower at a time: primary in, expected photo-electrons per fibre out.

Import only after `datasets.use`. Geant4 allows one run manager in a process.
"""

import time

import geant4_pybind as geant4
import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter
from zdcsim.light.coupling import calibration
from zdcsim.light.photo_electrons import Steps, expected_per_fibre
from zdcsim.montecarlo.block import Block, FibreSteps, absorber_name
from zdcsim.montecarlo.physics import FtfpBert, absorber_commands, commands
from zdcsim.montecarlo.primary import Primary
from zdcsim.montecarlo.settings import Transport
from zdcsim.montecarlo.shootable import CannotShoot
from zdcsim.shower_physics import Grooves


class _Gun(geant4.G4VUserPrimaryGeneratorAction):  # type: ignore[misc]
    """Puts the next primary into the event."""

    def __init__(self) -> None:
        super().__init__()
        self._gun = geant4.G4ParticleGun(1)
        self.primary: Primary | None = None

    def load(self, primary: Primary) -> None:
        """Take the primary of the next event.

        Geant4 ends the process if it meets one that it does not have, so that is seen before.

        Raises:
            CannotShoot: If Geant4 does not have it, or not as a particle that flies.
        """
        found = geant4.G4ParticleTable.GetParticleTable().FindParticle(primary.pdg)
        if found is None or (found.IsShortLived() and found.GetDecayTable() is None):
            raise CannotShoot(
                f"Geant4 has no particle to shoot with the PDG code {primary.pdg}; choose another"
            )
        self.primary = primary

    def GeneratePrimaries(self, event: geant4.G4Event) -> None:
        """Called by Geant4 at the start of an event."""
        assert self.primary is not None
        found = geant4.G4ParticleTable.GetParticleTable().FindParticle(self.primary.pdg)
        self._gun.SetParticleDefinition(found)
        self._gun.SetParticlePosition(geant4.G4ThreeVector(*self.primary.position))
        momentum = geant4.G4ThreeVector(*self.primary.momentum)
        self._gun.SetParticleMomentumDirection(momentum.unit())
        mass = found.GetPDGMass()
        self._gun.SetParticleEnergy((momentum.mag2() + mass**2) ** 0.5 - mass)
        self._gun.GeneratePrimaryVertex(event)


class _Actions(geant4.G4VUserActionInitialization):  # type: ignore[misc]
    """Makes the gun when Geant4 allows it: after the physics list is known."""

    gun: _Gun

    def Build(self) -> None:
        """Called by Geant4 when it initialises."""
        self.gun = _Gun()
        self.SetUserAction(self.gun)


class Transporter:
    """Geant4, ready to shower particles in one calorimeter.

    Arguments:
        calorimeter: The block to build.
        transport: Cuts.
        grooves: What surrounds the fibres.
    """

    def __init__(
        self, calorimeter: Calorimeter, transport: Transport, grooves: Grooves = "air"
    ) -> None:
        self._calorimeter, self._physics = calorimeter, transport.physics(grooves)
        self._scorer, self._actions = FibreSteps(), _Actions()
        self._manager = geant4.G4RunManagerFactory.CreateRunManager(
            geant4.G4RunManagerType.SerialOnly
        )
        self._alive = (
            Block(calorimeter, transport, grooves, self._scorer),
            FtfpBert(transport),
            self._actions,
        )
        for part in self._alive:
            self._manager.SetUserInitialization(part)
        before, after = commands(transport)
        self._apply(before)
        self._manager.Initialize()
        self._apply(after)
        if transport.absorber_production_cut_mev > 0:
            self._manager.BeamOn(0)  # Geant4 converts ranges only once its tables are built.
            self._apply(absorber_commands(transport, absorber_name(calorimeter)))

    def steps(self, primary: Primary, seed: int) -> Steps:
        """Transport one primary and return the steps that make light.

        Arguments:
            primary: The particle.
            seed: Seed of Geant4's engine for this shower, below 2^31.

        Raises:
            CannotShoot: If Geant4 does not have the primary.
        """
        self._actions.gun.load(primary)
        geant4.G4Random.setTheSeed(seed)
        self._manager.BeamOn(1)
        return self._scorer.take()

    def shower(self, primary: Primary, seed: int) -> tuple[NDArray[np.float64], float]:
        """Expected photo-electrons per fibre, shape (Nx, Ny), and the CPU seconds it took."""
        start = time.process_time()
        steps = self.steps(primary, seed)
        scale = calibration(self._calorimeter, self._physics).coupling
        expected = expected_per_fibre(steps, self._calorimeter, scale)
        return expected, time.process_time() - start

    @staticmethod
    def _apply(lines: tuple[str, ...]) -> None:
        manager = geant4.G4UImanager.GetUIpointer()
        for line in lines:
            code = manager.ApplyCommand(line)
            if code:
                raise RuntimeError(f"Geant4 refused the command {line!r} with code {code}")
