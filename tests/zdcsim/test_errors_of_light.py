"""Errors of the mean light of a bin, in closed form, on particles of equal copies."""

import numpy as np
import pytest
from numpy.typing import NDArray

from zdcsim.conditions import ENERGY, NAMES
from zdcsim.evaluation.bootstrap import DRAWS
from zdcsim.evaluation.conditional import Light, conditional
from zdcsim.evaluation.quantities import Measured, Quantity
from zdcsim.evaluation.settings import Settings
from zdcsim.geometry import ZN
from zdcsim.response import Responses

PARTICLES, COPIES, SEEDS = 60, 3, 8
NEUTRON = 2112
SUM = (Quantity("features", "photon sum", "photo-electrons"),)
RESAMPLED = 5 / np.sqrt(2 * SEEDS * (DRAWS - 1))
"""Five standard errors of a deviation of the draws of all seeds together."""


def reference() -> Responses:
    """Neutrons with equal copies; their light is given apart."""
    n = PARTICLES * COPIES
    conditions = np.zeros((n, len(NAMES)), np.float32)
    conditions[:, ENERGY] = 500.0
    return Responses(
        calorimeter=ZN,
        particle=np.repeat(np.arange(PARTICLES), COPIES),
        pdg=np.full(n, NEUTRON, np.int32),
        conditions=conditions,
        offsets=np.zeros(n + 1, np.int64),
        pixels=np.empty(0, np.uint16),
        counts=np.empty(0, np.int32),
        cpu_seconds=np.zeros(n, np.float32),
    )


def measured(light: NDArray[np.float64]) -> Measured:
    """Every copy of a particle has its particle's light, shape (P,)."""
    return Measured(SUM, np.repeat(light, COPIES)[:, None])


def judged(monte_carlo: NDArray[np.float64], generated: list[NDArray[np.float64]]) -> list[Light]:
    """Mean light and its errors, once for each seed of the draws."""
    ours, theirs, sample = measured(monte_carlo), list(map(measured, generated)), reference()
    found = []
    for seed in range(SEEDS):
        settings = Settings(by=("species",), floor_repetitions=2, seed=seed)
        (neutrons,) = conditional(sample, ours, theirs, settings)["species"]
        assert neutrons.light is not None
        found.append(neutrons.light)
    return found


def root_mean_square(errors: list[float | None]) -> float:
    return float(np.sqrt(np.mean([error**2 for error in errors if error is not None])))


def error_of_mean(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def test_errors_of_light_and_of_its_ratio_are_those_of_means_over_particles(
    rng: np.random.Generator,
) -> None:
    monte_carlo = rng.normal(1000, 50, PARTICLES)
    # The noise of particles makes the generated light three times as uncertain.
    repetitions = [monte_carlo + rng.normal(100, 200, PARTICLES) for _ in range(2)]
    generated = np.mean(repetitions, axis=0)
    found = judged(monte_carlo, repetitions)
    ratio = generated.mean() / monte_carlo.mean()
    one = found[0]
    assert one.monte_carlo == pytest.approx(monte_carlo.mean())
    assert one.generated == pytest.approx(generated.mean())
    assert one.ratio == pytest.approx(ratio)
    assert root_mean_square([each.monte_carlo_error for each in found]) == pytest.approx(
        error_of_mean(monte_carlo), rel=RESAMPLED
    )
    assert root_mean_square([each.generated_error for each in found]) == pytest.approx(
        error_of_mean(generated), rel=RESAMPLED
    )
    # To first order in the deviations of both means.
    expected = error_of_mean(generated - ratio * monte_carlo) / monte_carlo.mean()
    assert root_mean_square([each.ratio_error for each in found]) == pytest.approx(
        expected, rel=RESAMPLED
    )


def test_a_generator_that_is_brighter_by_a_factor_has_an_exact_ratio(
    rng: np.random.Generator,
) -> None:
    monte_carlo = rng.gamma(4.0, 200.0, PARTICLES)
    for each in judged(monte_carlo, [1.3 * monte_carlo]):
        assert each.ratio == pytest.approx(1.3)
        assert each.ratio_error == pytest.approx(0, abs=1e-12)
        assert each.monte_carlo_error is not None
        assert each.generated_error == pytest.approx(1.3 * each.monte_carlo_error)
