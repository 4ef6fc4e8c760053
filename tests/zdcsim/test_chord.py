"""Light of whole chords: the steps of a shower in a real fibre, and ALICE's grid of velocities."""

import numpy as np
import pytest

from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.light import alice_tables as alice
from zdcsim.light.chord import POINTS, chord_light
from zdcsim.light.coupling import calibration, showered
from zdcsim.light.photo_electrons import Steps, expected_per_fibre
from zdcsim.light.table_shape import our_table
from zdcsim.shower_physics import ShowerPhysics


def in_steps(
    calorimeter: Calorimeter, fibre: tuple[int, int], beta: float, angle: float, impact: float
) -> Steps:
    """The chord through a fibre of the block, at half its length, cut into 64 equal steps, mm."""
    column, row = fibre
    pitch, radius = 10 * calorimeter.pitch, 10 * calorimeter.fibre_radius
    axis = np.array([column + 0.5, row + 0.5]) * pitch
    axis -= 10 * np.array([calorimeter.half_x, calorimeter.half_y])
    direction = np.array([np.sin(angle), 0.0, np.cos(angle)])
    # A line almost along the fibre stays in it from the front to the back.
    half = min(np.sqrt(radius**2 - impact**2) / np.sin(angle), 10 * calorimeter.half_z)
    middle = np.array([axis[0], axis[1] + impact, 0.0])
    begins = np.linspace(-half, half, POINTS, endpoint=False)
    return Steps(
        start=middle + begins[:, None] * direction,
        direction=np.tile(direction, (POINTS, 1)),
        length=np.full(POINTS, 2 * half / POINTS),
        beta=np.full(POINTS, beta),
        charge=np.ones(POINTS),
    )


@pytest.mark.parametrize(
    ("beta", "degrees", "share"),
    [
        (0.97, 44.0, 0.1),
        (0.97, 60.0, 0.6),
        (0.97, 20.0, 0.95),
        (0.72, 1.0, 0.97),
        (0.72, 1e-3, 0.97),
    ],
)
@pytest.mark.parametrize(("calorimeter", "fibre"), [(ZN, (30, 7)), (ZP, (3, 21))], ids=["ZN", "ZP"])
def test_a_chord_is_the_sum_of_its_steps_in_a_fibre(
    calorimeter: Calorimeter, fibre: tuple[int, int], beta: float, degrees: float, share: float
) -> None:
    angle, coupling = np.radians(degrees), 0.8
    radius, length = 10 * calorimeter.fibre_radius, 20 * calorimeter.half_z
    impact = share * radius
    steps = in_steps(calorimeter, fibre, beta, float(angle), impact)
    found = expected_per_fibre(steps, calorimeter, coupling)
    assert found[fibre] == found.sum() > 0
    chord = chord_light(beta, float(angle), impact, radius, length, coupling)
    assert chord == pytest.approx(found.sum(), rel=1e-9)


def test_our_table_is_the_mean_over_five_velocities_inside_the_range(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    physics = ShowerPhysics()
    radius, length = 10 * ZN.fibre_radius, 20 * ZN.half_z
    # Few of ALICE's angles and impact distances: 0, 22, 44 and 66 degrees, 50 and 150 micrometres.
    for name, value in (("ANGLES", 4), ("ANGLE_STEP_DEGREES", 22.0), ("IMPACT_STEP_MM", 0.1)):
        monkeypatch.setattr(alice, name, value)
    monkeypatch.setitem(alice.RADII, "ZN", 2)
    ours = our_table((0.85, 0.95), ZN, physics)
    # Each in the middle of a fifth of the range.
    betas = (0.86, 0.88, 0.90, 0.92, 0.94)
    scale = calibration(ZN, physics).coupling
    expected = [
        [
            scale * np.mean([chord_light(b, angle, impact, radius, length) for b in betas])
            for impact in (0.05, 0.15)
        ]
        for angle in np.radians([0.0, 22.0, 44.0, 66.0])
    ]
    assert ours == pytest.approx(np.array(expected), rel=1e-9)
    assert np.count_nonzero(ours) >= 4


def test_only_nucleons_that_fly_through_are_left_out() -> None:
    # A twentieth of the median, 100, is 5; what has just that does not count either.
    light = np.array([100.0, 0.0, 900.0, 5.0, 5.1, 30.0, 250.0, 100.0, 120.0])
    assert np.median(light) == 100
    assert showered(light).tolist() == [100.0, 900.0, 5.1, 30.0, 250.0, 100.0, 120.0]
