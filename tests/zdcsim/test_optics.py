"""The machine's optics against closed forms."""

import numpy as np
import pytest
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, ENERGY, MASS, PX, PY, PZ, VX, VZ, impact
from zdcsim.geometry import ZN, ZP
from zdcsim.montecarlo.arrival import arrival, reaches
from zdcsim.optics import (
    D1_FIELD_T,
    GRADIENT_T_PER_M,
    MAGNETS,
    Machine,
    Magnet,
    d1_angle,
    drift,
    lead_machine,
    quadrupole_matrix,
    through,
)


def protons(
    momentum: NDArray[np.floating] | float, n: int = 1, sign: int = 1
) -> NDArray[np.float64]:
    """Protons along the axis towards A (sign 1) or C (-1)."""
    rows = np.zeros((n, 9))
    rows[:, PZ] = sign * np.asarray(momentum)
    rows[:, MASS], rows[:, CHARGE] = 938.272, 3
    rows[:, ENERGY] = np.hypot(momentum, 0.938272)
    return rows


def test_drift_moves_by_slope_times_length() -> None:
    at = drift(np.array([[1.0, 2e-3, -1.0, -1e-3]]), 500.0)
    assert at[0] == pytest.approx([2.0, 2e-3, -1.5, -1e-3])


@pytest.mark.parametrize("k", [3e-6, -3e-6, 1e-13, 0.0])
def test_quadrupole_matrix_is_symplectic_and_a_power_of_its_halves(k: float) -> None:
    whole = quadrupole_matrix(np.array([k]), 600.0)[0]
    half = quadrupole_matrix(np.array([k]), 300.0)[0]
    assert np.linalg.det(whole) == pytest.approx(1, abs=1e-12)
    assert half @ half == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_thick_quadrupole_becomes_thin(sign: int) -> None:
    # At fixed k L the focal length is 1 / (k L), whatever the length.
    strength, length = sign * 1e-3, 0.1
    matrix = quadrupole_matrix(np.array([strength / length]), length)[0]
    assert matrix == pytest.approx(np.array([[1, 0.1], [-strength, 1]]), abs=1e-4)


def test_a_quadrupole_that_focuses_x_defocuses_y() -> None:
    parallel = np.array([[1.0, 0.0, 1.0, 0.0]])
    after = through(parallel, "quadrupole", 100.0, np.array([0.02]))[0]
    root = np.sqrt(0.02e-4)
    assert after[1] == pytest.approx(-root * np.sin(root * 100))
    assert after[3] == pytest.approx(root * np.sinh(root * 100))


def test_d1_bends_by_field_times_length_over_rigidity() -> None:
    # B L = 3.78781 T x 9.45 m = 35.795 T m; 1 T m bends 1 GeV/c by 0.299792458 rad.
    assert d1_angle(7000.0, Machine()) == pytest.approx(35.7948 * 0.299792458 / 7000, rel=1e-5)
    momentum = np.array([7000.0, 3500.0, 2000.0])
    at, _ = Machine().carried(protons(momentum, 3), ZP)
    angle = 35.79480 * 0.299792458 / momentum
    assert at[:, 1] == pytest.approx(angle, rel=1e-5)
    # An on-axis particle sees no quadrupole: it leaves D1 as from the middle of the magnet.
    assert at[:, 0] == pytest.approx(angle * (ZP.front_a - 6310.8), rel=1e-5)


def test_rigidity_alone_counts() -> None:
    # A machine at half the energy does to half the momentum what the full one does to the full.
    rng = np.random.default_rng(4)
    c = protons(3000.0, 50)
    c[:, [PX, PY]] = rng.normal(0, 0.1, (50, 2))
    half = c.copy()
    half[:, [PX, PY, PZ]] /= 2
    full, free = Machine(7000.0).carried(c, ZP)
    halved, free_too = Machine(3500.0).carried(half, ZP)
    assert full == pytest.approx(halved, rel=1e-12)
    assert np.array_equal(free, free_too)
    double = c.copy()
    double[:, [PX, PY, PZ]] *= 2
    double[:, CHARGE] = 6
    assert Machine().carried(double, ZP)[0] == pytest.approx(full, rel=1e-12)


def test_neutral_particles_fly_straight_to_either_side() -> None:
    rng = np.random.default_rng(5)
    c = protons(2000.0, 40)
    c[:, CHARGE] = 0
    c[:, PZ] *= rng.choice([-1, 1], 40)
    c[:, [PX, PY]] = rng.normal(0, 0.3, (40, 2))
    c[:, VX], c[:, VZ] = 0.1, rng.normal(0, 20, 40)
    at, _ = Machine().carried(c, ZN)
    assert at[:, [0, 2]] == pytest.approx(impact(c, ZN), rel=1e-12, abs=1e-12)
    assert arrival(c, ZN, None) == pytest.approx(at, rel=1e-12, abs=1e-12)


def test_protons_of_a_fifth_to_half_of_the_beam_land_on_the_zp() -> None:
    fraction = np.array([0.10, 0.15, 0.23, 0.30, 0.40, 0.55, 0.60, 0.80, 1.0])
    for sign in (1, -1):
        c = protons(7000 * fraction, len(fraction), sign)
        on = reaches(c, np.full(len(c), np.inf), ZP, Machine())
        assert on.tolist() == [False, False, True, True, True, True, False, False, False]
    c[:, CHARGE] = -3
    assert not reaches(c, np.full(len(c), np.inf), ZP, Machine()).any()


def test_spectator_protons_of_lead_land_on_the_zp() -> None:
    # Protons carry 82 / 208 of the rigidity of the beam: 1.533 mrad x 208 / 82 over 49.4 m.
    at, free = lead_machine(2680.0).carried(protons(2680.0), ZP)
    assert free.all()
    assert at[0, 0] == pytest.approx(1.53300e-3 * 208 / 82 * (11251.8 - 6310.8), rel=1e-4)


def test_apertures_stop_particles() -> None:
    ring = Magnet("Q", "quadrupole", 1000.0, 100.0, 0.0, (2.0, 3.0))
    machine = Machine(magnets=(ring,))
    # The exit is 1050 cm away: slopes below 2 / 1050 pass on A, below 3 / 1050 on C.
    slope = np.array([1.90, 1.91, 2.85, 2.86]) * 1e-3
    for sign, expected in ((1, [1, 0, 0, 0]), (-1, [1, 1, 1, 0])):
        c = protons(1000.0, 4, sign)
        c[:, PX] = slope * 1000
        assert machine.carried(c, ZP)[1].tolist() == [bool(e) for e in expected]


def test_a_particle_is_lost_inside_a_magnet_too() -> None:
    # A strong defocusing and a strong focusing lens: inside at both ends, outside between them.
    k = 3e-5
    root = np.sqrt(k)
    strength = k * 1e4 * 7000 / 0.299792458
    magnet = Magnet("Q", "quadrupole", 300.0, np.pi / root, strength, (3.0, 3.0))
    c = protons(7000.0, 2)
    c[:, PX] = np.array([2.5, 5.0]) * root * 7000
    _, free = Machine(magnets=(magnet,)).carried(c, ZP)
    assert free.tolist() == [True, False]


def test_the_triplet_is_mirrored_and_as_long_as_the_lhc_s() -> None:
    triplet = [magnet for magnet in MAGNETS if magnet.kind == "quadrupole"]
    assert [np.sign(magnet.field) for magnet in triplet] == [-1, 1, 1, -1]
    assert {abs(magnet.field) for magnet in triplet} == {GRADIENT_T_PER_M}
    assert sum(magnet.length_cm for magnet in triplet) == pytest.approx(2374)
    edges = [
        z for m in MAGNETS for z in (m.centre_cm - m.length_cm / 2, m.centre_cm + m.length_cm / 2)
    ]
    assert edges == sorted(edges)
    assert edges[-1] < ZP.front_a
    assert MAGNETS[-1].field == D1_FIELD_T


def test_arrival_of_a_photon_off_the_axis_is_stopped_by_the_triplet() -> None:
    # Straight lines to the ZP, 24 cm off at 112.5 m, leave the triplet's 3.5 cm at 16 m.
    c = np.zeros((1, 9))
    c[:, ENERGY], c[:, PZ], c[:, PX] = 1000.0, 1000.0, 1000 * ZP.centre_x / ZP.front_a
    assert ZP.contains(*impact(c, ZP).T).all()
    assert not reaches(c, np.full(1, np.inf), ZP, Machine()).any()
