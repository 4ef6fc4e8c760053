"""Photo-effect and Rayleigh cross sections in place of EPICS2017.

The photo-effect is Geant4's built-in Sandia table; Rayleigh scattering is an order of magnitude.

Source: F. Biggs and R. Lighthill, SAND87-0070 (the Sandia table); the Thomson limit for Rayleigh.
"""

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zdcsim.montecarlo.standin.table import BARN_MM2, ELEMENTS, vector_lines, write_lines

if TYPE_CHECKING:
    from geant4_pybind import G4SandiaTable

PARAMETRISED_ABOVE = 0.6
"""MeV: above, Geant4 evaluates the fit to 1/E powers itself."""
THOMSON_BARN = 0.6652
RAYLEIGH_FALL_MEV = 0.0024


def write(folder: Path, geant4: ModuleType) -> None:
    """Write the photo-effect and Rayleigh files of G4EMLOW8.8/epics2017 for every element.

    Arguments:
        folder: Where the stand-in data sets are made.
        geant4: The geant4_pybind module, for its Sandia table and atomic shells.
    """
    material = geant4.G4NistManager.Instance().FindOrBuildMaterial("G4_Galactic")
    sandia = material.GetSandiaTable()
    epics = folder / "G4EMLOW8.8" / "epics2017"
    for z in ELEMENTS:
        binding = geant4.G4AtomicShells.GetBindingEnergy(z, 0)
        _write_photo_effect(epics / "phot", z, binding, _Sandia(geant4, sandia, z))
        _write_rayleigh(epics / "rayl" / f"re-cs-{z}.dat", z)


class _Sandia:
    """Photo-effect cross section of one element: sum of coefficients over powers of 1 / E, barn."""

    def __init__(self, geant4: ModuleType, table: "G4SandiaTable", z: int) -> None:
        self._geant4, self._table, self._z = geant4, table, z

    def coefficients(self, energy: float) -> list[float]:
        found = self._geant4.G4doubleVector([0.0] * 4)
        self._table.GetSandiaCofPerAtom(self._z, energy, found)
        return [found[i] / self._geant4.barn for i in range(4)]

    def times_cubed_energy(self, energies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cross section times E^3, which is smooth, for interpolation."""
        powers = np.array([self.coefficients(energy) for energy in energies])
        barn = np.sum(powers / energies[:, None] ** np.arange(1, 5), axis=1)
        return np.asarray(barn * energies**3)


def _write_photo_effect(folder: Path, z: int, binding: float, sandia: _Sandia) -> None:
    lowest = min(1e-5, 0.5 * binding)
    shells = z >= 10
    fit = [*sandia.coefficients(PARAMETRISED_ABOVE), 0.0, 0.0]
    share = _k_shell_share(binding, sandia) if shells else 1.0
    parameters = [(lowest, 1.0)]
    if shells:
        parameters.insert(0, (binding, share))
    lines = [f"{len(parameters)} {len(parameters)} {PARAMETRISED_ABOVE}"]
    for start, part in parameters:
        lines.append(f"{start:.8e} " + " ".join(f"{part * c:.8e}" for c in fit))
    for name in ("high", "low"):
        write_lines(folder / f"pe-{name}-{z}.dat", lines)

    start = max(binding * 1.0000001, 1e-5) if shells else 1e-5
    energy = np.geomspace(start, 1.0, 160)
    total = sandia.times_cubed_energy(energy)
    write_lines(folder / f"pe-cs-{z}.dat", vector_lines(energy, total))
    if shells:
        _write_shells(folder, z, binding, sandia, share, (energy, total))
    below = np.geomspace(lowest, binding, 120)
    value = sandia.times_cubed_energy(np.minimum(below, binding * 0.9999999))
    write_lines(folder / f"pe-le-cs-{z}.dat", vector_lines(below, value))


def _write_shells(
    folder: Path,
    z: int,
    binding: float,
    sandia: _Sandia,
    share: float,
    total: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """The K shell and all others together."""
    energy = np.geomspace(min(1e-5, 0.5 * binding), 1.0, 200)
    others = np.where(energy > binding, 1 - share, 1.0) * sandia.times_cubed_energy(energy)
    lines = [
        *vector_lines(total[0], share * total[1], kind="0"),
        *vector_lines(energy, others, kind="1"),
    ]
    write_lines(folder / f"pe-ss-cs-{z}.dat", lines)


def _k_shell_share(binding: float, sandia: _Sandia) -> float:
    """Share of the K shell, from the jump of the cross section at its edge."""
    below, above = sandia.times_cubed_energy(binding * np.array([0.999, 1.001]))
    return float(np.clip(1 - below / above, 0.05, 0.95))


def _write_rayleigh(path: Path, z: int) -> None:
    energy = np.geomspace(1e-5, 1e3, 120)
    fall = RAYLEIGH_FALL_MEV * z ** (1 / 3)
    barn = THOMSON_BARN * z**2 / (1 + (energy / fall) ** 2)
    write_lines(path, vector_lines(energy, barn * energy**2 * BARN_MM2))
