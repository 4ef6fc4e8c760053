"""The whole detector on many identical pions: every measurement has the spread it claims."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pid.detector.particles import Collisions, Particles
from pid.detector.response import respond
from pid.detector.settings import DetectorSettings
from pid.detector.tof import TofSettings
from pid.simulation.block import luminous
from pid.simulation.settings import CollisionSettings
from pid.species import PION
from pid.tracks import Tracks

N = 8000
IDEAL = DetectorSettings.model_validate(
    {
        "tracking_efficiency": 1.0,
        "its": {"momentum": 0.0, "momentum_slope": 0.0},
        "tpc": {"shared_fraction": 0.0},
        "tof": {"mismatch": 0.0},
    }
)
"""No tails: TPC clusters are nobody else's, TOF hits neither, and momenta are exact."""


def collisions(rng: np.random.Generator, start: TofSettings = IDEAL.tof) -> Collisions:
    return luminous(N, CollisionSettings(), start, rng)


def tracks(
    rng: np.random.Generator,
    settings: DetectorSettings = IDEAL,
    momentum: tuple[float, float, float] = (1.0, 0.0, 0.2),
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Tracks:
    """Identical pions, one a collision, so that each has a start time of its own."""
    particles = Particles(
        pdg=np.full(N, PION.pdg, np.int32),
        momentum=np.tile(momentum, (N, 1)),
        origin=np.tile(origin, (N, 1)),
        end_cm=np.full(N, np.inf),
        event=np.arange(N),
        primary=np.ones(N, np.bool_),
    )
    return respond(particles, collisions(rng), settings, rng)


def is_unit_gaussian(values: NDArray[np.floating]) -> None:
    """Mean 0 and width 1 within five standard errors."""
    count = len(values)
    assert count > 1000
    assert values.mean(dtype=np.float64) == pytest.approx(0, abs=5 / np.sqrt(count))
    assert values.std(dtype=np.float64) == pytest.approx(1, abs=5 / np.sqrt(2 * count))


def test_n_sigma_of_the_truth_is_a_unit_gaussian_in_tpc_and_tof(rng: np.random.Generator) -> None:
    # At 1 GeV/c the signal of a pion rises with momentum: not at the minimum of ionisation.
    found = tracks(rng)
    is_unit_gaussian(found.column("fTPCNSigmaPi"))
    of_tof = found.column("fTOFNSigmaPi")
    is_unit_gaussian(of_tof[~np.isnan(of_tof)])


@pytest.mark.parametrize("pt", [0.5, 8.0])
def test_the_pull_of_the_transverse_momentum_has_width_one(
    pt: float, rng: np.random.Generator
) -> None:
    settings = DetectorSettings()
    found = tracks(rng, settings, (0.6 * pt, 0.8 * pt, -0.3 * pt))
    resolution = np.sqrt(settings.its.momentum**2 + (settings.its.momentum_slope * pt) ** 2)
    # What a tracker measures is the curvature.
    is_unit_gaussian((pt / found.column("fPt").astype(np.float64) - 1) / resolution)
    assert found.column("fPz") / found.column("fPt") == pytest.approx(-0.3, rel=1e-5)


def test_a_displaced_origin_is_seen_in_each_direction_of_its_own(rng: np.random.Generator) -> None:
    along, aside, z, slope = 0.5, 0.01, -0.7, 0.4
    momentum = (1.0, 0.0, slope)
    found = tracks(rng, momentum=momentum, origin=(along, aside, z))
    size = np.sqrt(1 + slope**2)
    scattering = 0.0022 * np.sqrt(1 + (PION.mass / size) ** 2) / size * (1 + slope**2) ** 0.75
    error = np.hypot(0.0012, scattering)
    # A positive track turns clockwise: behind its origin it was lower, by 2 micrometres.
    bend = along**2 / (2 * 667.1)
    for name, expected in (("fDcaXY", aside - bend), ("fDcaZ", z - along * slope)):
        is_unit_gaussian((found.column(name).astype(np.float64) - expected) / error)
    assert np.corrcoef(found.column("fDcaXY"), found.column("fDcaZ"))[0, 1] == pytest.approx(
        0, abs=5 / np.sqrt(len(found))
    )
    vertex_z = found.column("fPosZ")
    assert found.column("fZ") == pytest.approx(vertex_z + found.column("fDcaZ"), abs=1e-4)


def test_times_of_collisions_have_the_errors_that_they_claim(rng: np.random.Generator) -> None:
    start = TofSettings(start_unmeasured=0.4, start_spread_ps=150.0, start_resolution_ps=20.0)
    found = collisions(rng, start)
    unmeasured = found.measured_time == 0
    assert unmeasured.mean() == pytest.approx(0.4, abs=5 * np.sqrt(0.24 / N))
    for own, error in ((unmeasured, 150.0), (~unmeasured, 20.0)):
        assert (found.time_error[own] == error).all()
        is_unit_gaussian((found.measured_time - found.time)[own] / found.time_error[own])
    is_unit_gaussian(found.time / 150.0)
