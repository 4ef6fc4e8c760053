"""The light model against closed forms and limits."""

import argparse
import json
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import light_yield
import numpy as np
import pytest
from numpy.typing import NDArray

from zdcsim.geometry import ZN
from zdcsim.light import alice_tables, cherenkov, fibre
from zdcsim.light.chord import chord_light
from zdcsim.light.coupling import ALICE_PHOTO_ELECTRONS_PER_TEV, CALIBRATION, calibration
from zdcsim.light.divided import divided
from zdcsim.light.photo_electrons import QUANTUM_EFFICIENCY, Steps, draw, expected_per_fibre
from zdcsim.montecarlo.run import end_with_parent
from zdcsim.montecarlo.settings import Transport
from zdcsim.shower_physics import DATA_KIND, GEANT4, ShowerPhysics, physics_of

RADIUS = 10 * ZN.fibre_radius
LENGTH = 20 * ZN.half_z
RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


def captured(beta: float, angle: float, position: tuple[float, float], to_back: float) -> float:
    direction = np.array([[np.sin(angle), 0.0, np.cos(angle)]])
    found = fibre.captured_fraction(
        np.array([beta]), direction, np.array([position]), RADIUS, np.array([to_back])
    )
    return float(found[0])


def test_photons_follow_frank_and_tamm() -> None:
    # 2 pi alpha (1/300 nm - 1/600 nm) sin^2 of arccos(1 / 1.46), integrated numerically in nm.
    wavelengths = np.linspace(300, 600, 200_001)
    middle = 0.5 * (wavelengths[1:] + wavelengths[:-1])
    per_nm = 2 * np.pi / 137.035999 * (1 - 1 / 1.46**2) / middle**2
    per_mm = (per_nm * np.diff(wavelengths)).sum() * 1e6
    found = cherenkov.photons(np.array([2.5]), np.array([1.0]), np.array([3.0]))
    assert found[0] == pytest.approx(2.5 * 9 * per_mm, rel=1e-6)


def test_no_light_at_and_below_threshold() -> None:
    betas = np.array([0.1, 0.6, 1 / 1.46])
    assert (cherenkov.photons(np.ones(3), betas, np.ones(3)) < 1e-9).all()
    just_above = cherenkov.photons(np.ones(1), np.array([1 / 1.46 + 1e-3]), np.ones(1))
    assert just_above[0] > 0


@pytest.mark.parametrize("impact", [0.0, 0.3, 0.6, 0.9])
def test_a_fast_particle_along_the_fibre_is_not_seen(impact: float) -> None:
    # The cone's 46.8 degrees are far outside the 8.7 degrees that meridional rays may have, and a
    # skew ray would have to start within 2.2 per cent of the wall.
    assert captured(1.0, 0.0, (impact * RADIUS, 0.0), 500.0) == 0


def test_light_is_brightest_near_44_degrees() -> None:
    angles = np.radians(np.arange(4, 110, 2))
    betas = np.linspace(0.955, 0.995, 5)
    impacts = RADIUS * (np.arange(10) + 0.5) / 10
    light = [
        np.mean([chord_light(b, angle, i, RADIUS, LENGTH) for b in betas for i in impacts])
        for angle in angles
    ]
    assert 40 <= np.degrees(angles[np.argmax(light)]) <= 48


def test_light_flies_to_the_back_only() -> None:
    assert captured(1.0, np.radians(46.8), (0.0, 0.0), 500.0) > 0
    assert captured(1.0, np.radians(180 - 46.8), (0.0, 0.0), 500.0) == 0


def test_meridional_capture_is_the_arc_inside_the_limit() -> None:
    # On the axis every ray is meridional: the captured part of the cone is where its angle to the
    # fibre stays below the limit, an arc given by the spherical law of cosines.
    angle, beta = np.radians(44.0), 0.98
    cos_c = 1 / (beta * cherenkov.REFRACTIVE_INDEX)
    sin_c = np.sqrt(1 - cos_c**2)
    limit = np.sqrt(1 - fibre.MERIDIONAL_LIMIT**2)
    arc = np.arccos((limit - cos_c * np.cos(angle)) / (sin_c * np.sin(angle))) / np.pi
    n = 10_000
    direction = np.tile([np.sin(angle), 0.0, np.cos(angle)], (n, 1))
    found = fibre.captured_fraction(
        np.full(n, beta), direction, np.zeros((n, 2)), RADIUS, np.zeros(n)
    )
    assert found.mean() == pytest.approx(arc, rel=1e-3)


def test_few_directions_on_the_cone_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    # Steps of many angles and places, as in a shower: 24 directions against 1200.
    rng = np.random.default_rng(6)
    n = 20_000
    cos, phi = rng.uniform(0, 1, n), rng.uniform(0, 2 * np.pi, n)
    sin = np.sqrt(1 - cos**2)
    direction = np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=1)
    place = rng.uniform(-0.6, 0.6, (n, 2)) * RADIUS
    beta = rng.uniform(0.7, 1.0, n)

    def captured_of(rows: slice) -> NDArray[np.float64]:
        behind = np.zeros(len(beta[rows]))
        return fibre.captured_fraction(beta[rows], direction[rows], place[rows], RADIUS, behind)

    few = captured_of(slice(None)).mean()
    monkeypatch.setattr(fibre, "CONE_POINTS", 1200)
    some = slice(0, n, 10)
    many = captured_of(some)
    monkeypatch.setattr(fibre, "CONE_POINTS", 24)
    same = captured_of(some)
    spread = (same - many).std() / np.sqrt(n // 10)
    assert same.mean() == pytest.approx(many.mean(), abs=5 * spread)
    assert few == pytest.approx(many.mean(), rel=0.1)


def test_attenuation_of_the_way_to_the_back() -> None:
    near = captured(1.0, np.radians(46.8), (0.0, 0.0), 0.0)
    far = captured(1.0, np.radians(46.8), (0.0, 0.0), 1000.0)
    # Guided rays are at most 8.7 degrees (on the axis) from the fibre's direction.
    lowest = np.exp(-1000 / fibre.ATTENUATION_LENGTH_MM / np.sqrt(1 - fibre.MERIDIONAL_LIMIT**2))
    assert lowest <= far / near <= np.exp(-1000 / fibre.ATTENUATION_LENGTH_MM)


def test_capture_does_not_depend_on_the_azimuth_of_the_particle() -> None:
    # Turn particle and point of emission together about the fibre axis. The points on the cone
    # differ from step to step, so only means over many steps can be compared.
    def mean_fraction(phi: float, n: int = 10_000) -> float:
        angle = np.radians(40.0)
        direction = [np.sin(angle) * np.cos(phi), np.sin(angle) * np.sin(phi), np.cos(angle)]
        emission = 0.7 * RADIUS * np.array([np.cos(phi + 1.0), np.sin(phi + 1.0)])
        found = fibre.captured_fraction(
            np.full(n, 0.97),
            np.tile(direction, (n, 1)),
            np.tile(emission, (n, 1)),
            RADIUS,
            np.full(n, 300.0),
        )
        return float(found.mean())

    fractions = [mean_fraction(phi) for phi in (0.0, 0.4, 1.1, 2.7, 5.0)]
    assert fractions == pytest.approx([fractions[0]] * 5, rel=2e-3)


def test_light_lands_in_the_fibre_that_was_crossed() -> None:
    pitch = 10 * ZN.pitch
    centre = np.array([pitch * (30 + 0.5) - 35.2, pitch * (7 + 0.5) - 35.2, 0.0])
    angle = np.radians(46.8)
    step = Steps(
        start=centre[None],
        direction=np.array([[np.sin(angle), 0.0, np.cos(angle)]]),
        length=np.array([0.05]),
        beta=np.array([1.0]),
        charge=np.array([-1.0]),
    )
    expected = expected_per_fibre(step, ZN, coupling=0.5)
    middle = centre + 0.025 * step.direction[0]
    fraction = captured(1.0, angle, (middle[0] - centre[0], 0.0), 500.0 - middle[2])
    assert fraction > 0
    emitted = cherenkov.photons(step.length, step.beta, step.charge)[0]
    assert expected[30, 7] == pytest.approx(0.5 * QUANTUM_EFFICIENCY * emitted * fraction)
    assert expected.sum() == expected[30, 7]


def test_pieces_of_a_step_stay_in_the_core_and_keep_its_photons(rng: np.random.Generator) -> None:
    n, pieces = 300, 8
    around, cosine, azimuth = rng.uniform(0, 2 * np.pi, (3, n))
    cosine = np.cos(cosine)
    inside = RADIUS * np.sqrt(rng.uniform(size=n))
    axis = np.array([(30.5 - 22) * 1.6, (7.5 - 22) * 1.6])
    place = axis + np.stack([inside * np.cos(around), inside * np.sin(around)], axis=1)
    sine = np.sqrt(1 - cosine**2)
    steps = Steps(
        start=np.column_stack([place, rng.uniform(-400, 400, n)]),
        direction=np.column_stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine]),
        length=rng.uniform(0.01, 0.6, n),
        beta=rng.uniform(0.8, 1.0, n),
        charge=np.ones(n),
    )
    found = divided(steps, pieces, ZN)
    photons = cherenkov.photons(found.length, found.beta, found.charge).reshape(n, pieces)
    assert photons.sum(axis=1) == pytest.approx(
        cherenkov.photons(steps.length, steps.beta, steps.charge)
    )
    middle = found.start + 0.5 * found.length[:, None] * found.direction
    away = np.hypot(*(middle[:, :2] - axis).T).reshape(n, pieces)
    assert away.max() <= RADIUS * (1 + 1e-9)
    along = ((middle.reshape(n, pieces, 3) - steps.start[:, None]) ** 2).sum(axis=2) ** 0.5
    last = along[:, -1] * pieces / (pieces - 0.5)
    assert along == pytest.approx(last[:, None] * (np.arange(pieces) + 0.5) / pieces)
    end = steps.start + last[:, None] * steps.direction
    end_away = np.hypot(*(end[:, :2] - axis).T)
    whole = np.isclose(last, steps.length)
    # Whole where they end inside, else up to the wall.
    assert 0.2 < whole.mean() < 0.8
    assert (end_away[whole] <= RADIUS).all()
    assert end_away[~whole] == pytest.approx(RADIUS)
    assert (last[~whole] < steps.length[~whole]).all()


def test_drawn_photo_electrons_are_poisson() -> None:
    mean, n = 2.3, 200_000
    counts = draw(np.full(n, mean), np.random.default_rng(5))
    assert counts.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / n))
    # Variance of the sample variance of a Poisson distribution: (mean + 2 mean^2) / n.
    assert counts.var() == pytest.approx(mean, abs=5 * np.sqrt((mean + 2 * mean**2) / n))


@pytest.mark.parametrize(
    ("name", "physics"), CALIBRATION, ids=lambda key: str(key).replace(" ", "-")
)
def test_coupling_is_the_measured_one(name: str, physics: ShowerPhysics) -> None:
    file = f"light_yield_{name}_{physics.grooves}_{physics.physics_list}.json".lower()
    measured = json.loads((RESULTS / file).read_text())
    assert physics_of({**measured, DATA_KIND: GEANT4}) == physics
    calibrated = CALIBRATION[name, physics]
    light = measured["photo_electrons_per_tev_at_unit_coupling"] * calibrated.coupling
    # The first was set with other showers than those of its file; the two agree within errors.
    relative = 0.03 if (name, physics.grooves) == ("ZN", "filled") else 1e-3
    assert light == pytest.approx(ALICE_PHOTO_ELECTRONS_PER_TEV[name], rel=relative)


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
def test_calibration_showers_are_those_of_two_workers_whoever_makes_them(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(light_yield.shots(1, 120)) == {(s, i) for s in (1, 2) for i in range(60)}
    assert light_yield.shots(1, 120)[:5] == light_yield.shots(1, 5)

    class Here:
        """A pool that does in this process what it is handed."""

        def __init__(self, number: int, *_: object, initializer: object) -> None:
            assert number == min(workers, 5)
            assert initializer is end_with_parent  # which test_production proves

        def __enter__(self) -> "Here":
            return self

        def __exit__(self, *_: object) -> None: ...

        def submit(self, task: Callable[..., object], *arguments: object) -> Future[object]:
            done: Future[object] = Future()
            done.set_result(task(*arguments))
            return done

    def light(
        name: str, folder: Path, shots: list[tuple[int, int]], *_: object
    ) -> list[tuple[float, float]]:
        return [(100.0 * seed + i, 1.0) for seed, i in shots]

    monkeypatch.setattr(light_yield, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(light_yield, "light_with_unit_coupling", light)
    options = argparse.Namespace(seed=1, nucleons=5, workers=workers, grooves="air")
    found, seconds = light_yield.measured("ZN", Path(), Transport(), options)
    assert found.tolist() == [100, 200, 101, 201, 102]
    assert seconds.tolist() == [1] * 5


def test_light_that_was_not_calibrated_is_refused() -> None:
    with pytest.raises(ValueError, match="ZN with air grooves, FTFP_BERT, fibre cut 1 MeV is not"):
        calibration(ZN, ShowerPhysics(physics_list="FTFP_BERT"))


def table_of(value: float) -> dict[str, NDArray[np.float64]]:
    """Tables whose value says velocity, angle and impact distance apart."""
    rows, columns = np.arange(90.0)[:, None], np.arange(18.0)[None, :]
    return {
        digits: np.asarray(value * (10_000 * k + 100 * rows + columns), np.float64)
        for k, digits in enumerate(alice_tables.BETA_RANGES, start=1)
    }


@pytest.mark.parametrize(
    ("beta", "table"), [(0.67, 1), (0.75, 1), (0.8, 2), (0.95, 3), (0.951, 4), (1.0, 4)]
)
def test_alice_tables_are_read_at_velocity_angle_and_impact(beta: float, table: int) -> None:
    angle, impact = np.radians(33.4), 0.125
    # A line in the x z plane that passes the axis of fibre (22, 21) at 0.125 mm in y.
    steps = Steps(
        start=np.array([[0.8, -0.8 + impact, 0.0]]),
        direction=np.array([[np.sin(angle), 0.0, np.cos(angle)]]),
        length=np.array([0.02]),
        beta=np.array([beta]),
        charge=np.array([2.0]),
    )
    found = alice_tables.expected_per_fibre(steps, ZN, table_of(1.0), "step")
    assert np.argwhere(found).tolist() == [[22, 21]]
    assert found[22, 21] == 4 * (10_000 * table + 100 * 17 + 13)
    chord = 2 * np.sqrt(RADIUS**2 - impact**2) / np.sin(angle)
    share = alice_tables.expected_per_fibre(steps, ZN, table_of(1.0), "chord")
    assert share.sum() == pytest.approx(found.sum() * 0.02 / chord)


@pytest.mark.parametrize(
    ("angle", "impact", "row", "column"),
    [
        (0.9, 0.0, 0, 1),
        (1.1, 0.009, 1, 1),
        (89.0, 0.011, 45, 2),
        (90.9, 0.169, 45, 17),
        (50.0, 0.171, 26, 0),  # one past row 25: the first of the next
        (50.0, 0.182, 26, 0),
        (109.9, 0.0, 55, 1),
        (110.1, 0.0, None, 0),
    ],
)
def test_alice_tables_are_indexed_as_o2_does(
    angle: float, impact: float, row: int | None, column: int
) -> None:
    tables = {digits: np.arange(90.0 * 18).reshape(90, 18) for digits in alice_tables.BETA_RANGES}
    radians = np.radians(angle)
    steps = Steps(
        np.array([[0.8, -0.8 - impact, 0.0]]),
        np.array([[np.sin(radians), 0.0, np.cos(radians)]]),
        np.array([0.02]),
        np.ones(1),
        np.ones(1),
    )
    found = alice_tables.expected_per_fibre(steps, ZN, tables, "step")
    assert found.sum() == (0 if row is None else 18 * row + column)


def test_a_step_without_length_deposits_no_energy_and_makes_no_light() -> None:
    steps = Steps(
        np.array([[0.8, -0.8, 0.0]]), np.array([[0.6, 0, 0.8]]), np.zeros(1), np.ones(1), np.ones(1)
    )
    assert not alice_tables.expected_per_fibre(steps, ZN, table_of(1.0), "step").any()


def test_below_alice_s_velocities_there_is_no_light() -> None:
    steps = Steps(
        np.array([[0.8, -0.8, 0.0]]), np.array([[0.0, 0, 1]]), np.ones(1),
        np.array([0.66]), np.ones(1),
    )  # fmt: skip
    assert not alice_tables.expected_per_fibre(steps, ZN, table_of(1.0), "step").any()
