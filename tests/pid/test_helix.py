"""Helices: against many small steps of the equation of motion, and by conservation."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pid.detector import helix

FIELD_T = 0.5


def start(rng: np.random.Generator, count: int = 50) -> tuple[NDArray[np.float64], ...]:
    """Points within centimetres of the vertex, momenta of 0.3 to 2 GeV/c, charges."""
    origin = rng.normal(0, 2, (count, 3))
    momentum = rng.normal(0, 1, (count, 3))
    momentum *= rng.uniform(0.3, 2, (count, 1)) / np.hypot(*momentum[:, :2].T)[:, None]
    return origin, momentum, np.where(rng.random(count) < 0.5, 1.0, -1.0)


def test_one_gev_in_one_tesla_turns_on_333_cm() -> None:
    assert helix.radius(np.array([1.0]), 1.0)[0] == pytest.approx(333.564, abs=1e-3)


def test_transport_is_the_equation_of_motion(rng: np.random.Generator) -> None:
    """dp/ds = q p x B / p, in midpoint steps of 0.01 cm of transverse path."""
    origin, momentum, charge = start(rng, 5)
    place, moved = origin.copy(), momentum.copy()
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    rate = charge / helix.radius(pt, FIELD_T)
    step = 0.01
    for _ in range(10_000):
        half = moved + step / 2 * rate[:, None] * np.cross(moved, [0, 0, 1])
        place += step * half / pt[:, None]
        moved += step * rate[:, None] * np.cross(half, [0, 0, 1])
    there, direction = helix.transported(origin, momentum, charge, np.full(5, 100.0), FIELD_T)
    assert np.allclose(there, place, atol=2e-3)
    assert np.allclose(direction, moved, atol=1e-4)


def test_closest_approach_is_the_nearest_of_many_points(rng: np.random.Generator) -> None:
    origin, momentum, charge = start(rng)
    found = helix.closest_approach(origin, momentum, charge, FIELD_T)
    path = np.linspace(-20, 20, 40_001)
    for row in range(len(charge)):
        many = np.full(len(path), row)
        points, directions = helix.transported(
            origin[many], momentum[many], charge[many], path, FIELD_T
        )
        nearest = np.argmin(np.hypot(points[:, 0], points[:, 1]))
        x, y, z = points[nearest]
        phi = np.arctan2(directions[nearest, 1], directions[nearest, 0])
        assert abs(found.xy[row]) == pytest.approx(np.hypot(x, y), abs=1e-5)
        assert found.xy[row] == pytest.approx(y * np.cos(phi) - x * np.sin(phi), abs=2e-3)
        assert found.z[row] == pytest.approx(z, abs=5e-3)
        assert abs(np.remainder(found.phi[row] - phi + np.pi, 2 * np.pi) - np.pi) < 1e-4


def test_closest_approach_does_not_depend_on_the_point(rng: np.random.Generator) -> None:
    origin, momentum, charge = start(rng)
    before = helix.closest_approach(origin, momentum, charge, FIELD_T)
    moved = helix.transported(origin, momentum, charge, rng.uniform(0, 30, 50), FIELD_T)
    after = helix.closest_approach(*moved, charge, FIELD_T)
    assert np.allclose(after.xy, before.xy, atol=1e-9)
    assert np.allclose(after.z, before.z, atol=1e-9)


def test_arc_reaches_the_cylinder(rng: np.random.Generator) -> None:
    _, momentum, charge = start(rng)
    origin = np.zeros((50, 3))
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    path = helix.arc(pt, 378.0, FIELD_T)
    there, _ = helix.transported(origin, momentum, charge, path, FIELD_T)
    assert np.allclose(np.hypot(there[:, 0], there[:, 1]), 378.0)
    azimuth = helix.azimuth_at(
        np.arctan2(momentum[:, 1], momentum[:, 0]), charge, pt, 378.0, FIELD_T
    )
    assert np.allclose(np.cos(azimuth - np.arctan2(there[:, 1], there[:, 0])), 1)


def test_a_slow_particle_turns_back_before() -> None:
    threshold = 378.0 / 2 / helix.radius(np.array([1.0]), FIELD_T)[0]
    assert threshold == pytest.approx(0.2833, abs=1e-4)
    found = helix.arc(np.array([threshold - 1e-6, threshold + 1e-6]), 378.0, FIELD_T)
    assert np.isnan(found).tolist() == [True, False]
