"""What Geant4 is handed, followed on a straight line, against where the machine leads."""

import numpy as np
import pytest
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, ENERGY, MASS, PX, PY, PZ, VX, VY, VZ, impact
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.montecarlo.primary import GAP_MM, Primary, primary_of
from zdcsim.optics import Machine

PROTON, NEUTRON = 2212, 2112
CALORIMETERS = pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
SIDES = pytest.mark.parametrize("sign", [1, -1], ids=["A", "C"])


def particles(charge: int, sign: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Six of 2 to 3 TeV, more inclined in y than in x."""
    n = 6
    c = np.zeros((n, 9))
    momentum = rng.uniform(2000, 3000, n)
    c[:, [PX, PY]] = rng.normal((1e-5, 4e-5), (1e-5, 1e-5), (n, 2)) * momentum[:, None]
    c[:, PZ] = sign * momentum
    c[:, [VX, VY, VZ]] = rng.normal(0, (0.01, 0.01, 5.0), (n, 3))
    c[:, MASS], c[:, CHARGE] = 938.272, charge
    c[:, ENERGY] = np.hypot(np.linalg.norm(c[:, [PX, PY, PZ]], axis=1), 0.938272)
    return c


def at_depth(primary: Primary, depth_mm: float) -> NDArray[np.float64]:
    """x and y, mm from the block's middle, so far behind the front face."""
    place, momentum = np.array(primary.position), np.array(primary.momentum)
    return np.asarray(place + (GAP_MM + depth_mm) / momentum[2] * momentum, np.float64)[:2]


def compared(
    primary: Primary, at: NDArray[np.float64], momentum_gev: float, calorimeter: Calorimeter
) -> None:
    """Place, slope and momentum of a primary beside phase space at the face, cm and radians."""
    place, slope = at[[0, 2]], at[[1, 3]]
    middle = np.array([calorimeter.centre_x, 0.0])
    length = 20 * calorimeter.half_z
    assert primary.position[2] == pytest.approx(-length / 2 - GAP_MM)
    assert at_depth(primary, 0) == pytest.approx(10 * (place - middle), rel=1e-9, abs=1e-7)
    behind = 10 * (place - middle) + length * slope
    assert at_depth(primary, length) == pytest.approx(behind, rel=1e-9, abs=1e-7)
    px, py, pz = primary.momentum
    assert pz > 0
    assert (px / pz, py / pz) == pytest.approx(tuple(slope), rel=1e-9)
    assert np.hypot(np.hypot(px, py), pz) == pytest.approx(1000 * momentum_gev, rel=1e-9)


@SIDES
@CALORIMETERS
def test_protons_enter_as_the_magnets_lead_them(
    calorimeter: Calorimeter, sign: int, rng: np.random.Generator
) -> None:
    c = particles(3, sign, rng)
    expected, _ = Machine().carried(c, calorimeter)
    # Behind the magnets the two slopes are as different as they can be.
    assert (np.abs(expected[:, 1]) > 3 * np.abs(expected[:, 3])).any()
    for row, at in zip(c, expected, strict=True):
        found = primary_of(PROTON, row, calorimeter, Machine())
        assert found.pdg == PROTON
        compared(found, at, float(np.linalg.norm(row[[PX, PY, PZ]])), calorimeter)


@pytest.mark.parametrize("machine", [None, Machine()], ids=["straight", "magnets"])
@SIDES
@CALORIMETERS
def test_neutrons_enter_on_the_line_from_their_vertex(
    calorimeter: Calorimeter, sign: int, machine: Machine | None, rng: np.random.Generator
) -> None:
    c = particles(0, sign, rng)
    for row, (x, y) in zip(c, impact(c, calorimeter), strict=True):
        at = np.array([x, row[PX] / abs(row[PZ]), y, row[PY] / abs(row[PZ])])
        found = primary_of(NEUTRON, row, calorimeter, machine)
        compared(found, at, float(np.linalg.norm(row[[PX, PY, PZ]])), calorimeter)
