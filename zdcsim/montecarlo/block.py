"""A calorimeter in Geant4: a block of absorber with quartz fibres in air grooves along the beam.

The origin is the centre of the block; z points from the front face to the read-out end.

Source: AliceO2, Detectors/ZDC/simulation/src/Detector.cxx (dimensions and materials).
"""

import geant4_pybind as geant4
import numpy as np

from zdcsim.geometry import Calorimeter
from zdcsim.light import cherenkov, photo_electrons
from zdcsim.montecarlo.settings import Transport
from zdcsim.shower_physics import Grooves

ABSORBERS = {
    "ZN": (17.6, {"W": 0.93, "Ni": 0.04, "Fe": 0.03}),
    "ZP": (8.48, {"Cu": 0.63, "Zn": 0.37}),
}
"""Density, g/cm^3, and mass fractions."""
QUARTZ_DENSITY = 2.64
MARGIN_MM = 50.0

FIBRES = "fibres"
"""Geant4's name of the region that has production cuts of its own."""

LIGHT_MAKERS = (
    "e-",
    "e+",
    "pi+",
    "pi-",
    "proton",
    "anti_proton",
    "kaon+",
    "kaon-",
    "mu+",
    "mu-",
    "sigma+",
    "sigma-",
    "anti_sigma+",
    "anti_sigma-",
    "xi-",
    "anti_xi-",
    "omega-",
    "anti_omega-",
    "deuteron",
    "triton",
    "He3",
    "alpha",
)
"""Geant4's names of the charged particles whose light counts."""
LOWEST_LIGHT_MEV = 0.19
"""Kinetic energy of an electron at the Cherenkov threshold; heavier particles need more."""


class FibreSteps(geant4.G4VPrimitiveScorer):  # type: ignore[misc]
    """Collects the steps above the Cherenkov threshold inside the fibres.

    A primitive scorer behind a compiled particle and energy filter costs a tenth of the run time;
    a Python stepping action would triple it.
    """

    def __init__(self) -> None:
        super().__init__("light")
        self._rows: list[tuple[float, ...]] = []

    def ProcessHits(self, step: geant4.G4Step, _: object) -> bool:
        """Called by Geant4 for every step that the filter lets through."""
        point = step.GetPreStepPoint()
        beta = point.GetBeta()
        if beta > cherenkov.BETA_THRESHOLD:
            x, u = point.GetPosition(), point.GetMomentumDirection()
            self._rows.append(
                (x.x, x.y, x.z, u.x, u.y, u.z, step.GetStepLength(), beta, point.GetCharge())
            )
        return True

    def take(self) -> photo_electrons.Steps:
        """The steps since the last call."""
        rows = np.array(self._rows, dtype=np.float64).reshape(-1, 9)
        self._rows.clear()
        return photo_electrons.Steps.from_rows(rows)


def absorber_name(calorimeter: Calorimeter) -> str:
    """Geant4's name of the absorber's material."""
    return f"{calorimeter.name} absorber"


class Block(geant4.G4VUserDetectorConstruction):  # type: ignore[misc]
    """The calorimeter and nothing else, in vacuum.

    Arguments:
        calorimeter: What to build; its absorber must be in ABSORBERS.
        transport: For the energies below which tracks end in the absorber and in the fibres.
        grooves: What surrounds the fibres.
        scorer: Receives the steps in the fibres.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        transport: Transport,
        grooves: Grooves,
        scorer: FibreSteps,
    ) -> None:
        super().__init__()
        self._calorimeter, self._transport, self._scorer = calorimeter, transport, scorer
        self._grooves = grooves
        # The binding does not keep C++ objects alive that only Geant4 refers to.
        self._alive: list[object] = []

    def Construct(self) -> geant4.G4VPhysicalVolume:
        """Build the volumes; called by Geant4."""
        half = [10 * h for h in (self._calorimeter.half_x, self._calorimeter.half_y)]
        half.append(10 * self._calorimeter.half_z)
        vacuum = geant4.G4NistManager.Instance().FindOrBuildMaterial("G4_Galactic")
        world = self._volume("world", vacuum, *(h + MARGIN_MM for h in half))
        block = self._volume("block", self._absorber(), *half)
        self._end_below(self._transport.absorber_cut_mev, block)
        top = self._place(world, None, 0.0, 0.0, 0)
        self._place(block, world, 0.0, 0.0, 0)
        self._fibre = self._make_fibre(half[2])
        self._end_below(self._transport.fibre_cut_mev, self._fibre)
        repeated = self._fibre if self._grooves == "filled" else self._make_groove(half[2])
        region = geant4.G4Region(FIBRES)
        region.AddRootLogicalVolume(self._fibre)
        self._alive.append(region)
        for ix in range(self._calorimeter.nx):
            for iy in range(self._calorimeter.ny):
                x, y = (
                    10 * self._calorimeter.pitch * (i + 0.5) - h
                    for i, h in zip((ix, iy), half[:2], strict=True)
                )
                self._place(repeated, block, x, y, ix * self._calorimeter.ny + iy)
        return top

    def ConstructSDandField(self) -> None:
        """Attach the scorer to the fibres; called by Geant4."""
        detector = geant4.G4MultiFunctionalDetector("fibres")
        above = geant4.G4SDParticleWithEnergyFilter("above threshold")
        for name in LIGHT_MAKERS:
            above.add(name)
        above.SetKineticEnergy(LOWEST_LIGHT_MEV * geant4.MeV, 1e9 * geant4.MeV)
        self._scorer.SetFilter(above)
        detector.RegisterPrimitive(self._scorer)
        geant4.G4SDManager.GetSDMpointer().AddNewDetector(detector)
        self.SetSensitiveDetector(self._fibre, detector)
        self._alive += [detector, above]

    def _end_below(self, energy_mev: float, volume: geant4.G4LogicalVolume) -> None:
        """End tracks of less kinetic energy in a volume."""
        if energy_mev > 0:
            limits = geant4.G4UserLimits(1e9, 1e9, 1e9, energy_mev * geant4.MeV, 0.0)
            volume.SetUserLimits(limits)
            self._alive.append(limits)

    def _absorber(self) -> geant4.G4Material:
        density, fractions = ABSORBERS[self._calorimeter.name]
        material = geant4.G4Material(
            absorber_name(self._calorimeter), density * geant4.g / geant4.cm3, len(fractions)
        )
        for element, fraction in fractions.items():
            found = geant4.G4NistManager.Instance().FindOrBuildElement(element)
            material.AddElement(found, fraction)
        return material

    def _make_groove(self, half_length: float) -> geant4.G4LogicalVolume:
        """A groove with the fibre in its middle."""
        air = geant4.G4NistManager.Instance().FindOrBuildMaterial("G4_AIR")
        half = 10 * self._calorimeter.groove_half
        groove = self._volume("groove", air, half, half, half_length)
        self._place(self._fibre, groove, 0.0, 0.0, 0)
        return groove

    def _make_fibre(self, half_length: float) -> geant4.G4LogicalVolume:
        nist = geant4.G4NistManager.Instance()
        quartz = geant4.G4Material("quartz", QUARTZ_DENSITY * geant4.g / geant4.cm3, 2)
        quartz.AddElement(nist.FindOrBuildElement("Si"), 1)
        quartz.AddElement(nist.FindOrBuildElement("O"), 2)
        solid = geant4.G4Tubs(
            "fibre", 0, 10 * self._calorimeter.fibre_radius, half_length, 0, 360 * geant4.deg
        )
        volume = geant4.G4LogicalVolume(solid, quartz, "fibre")
        self._alive += [quartz, solid, volume]
        return volume

    def _volume(
        self, name: str, material: geant4.G4Material, *half: float
    ) -> geant4.G4LogicalVolume:
        solid = geant4.G4Box(name, *half)
        volume = geant4.G4LogicalVolume(solid, material, name)
        self._alive += [solid, volume]
        return volume

    def _place(
        self,
        volume: geant4.G4LogicalVolume,
        mother: geant4.G4LogicalVolume | None,
        x: float,
        y: float,
        number: int,
    ) -> geant4.G4VPhysicalVolume:
        placed = geant4.G4PVPlacement(
            None,
            geant4.G4ThreeVector(x, y, 0),
            volume,
            volume.GetName(),
            mother,
            False,
            number,
            False,
        )
        self._alive.append(placed)
        return placed
