"""Abundances: recovered where they are known, with scores that follow from Bayes' theorem."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pid.adaptation.label_shift import (
    black_box,
    corrected,
    expectation_maximisation,
)

CENTRES = np.array([0.0, 1.5, 4.0])
SOURCE = np.array([0.7, 0.2, 0.1])
TARGET = np.array([0.4, 0.5, 0.1])
TRACKS = 40_000


def scores(signal: NDArray[np.float64], abundances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exact probabilities of three Gaussian classes of unit width, shape (N, 3)."""
    density = np.exp(-0.5 * (signal[:, None] - CENTRES) ** 2) * abundances
    shares: NDArray[np.float64] = density / density.sum(axis=1, keepdims=True)
    return shares


def drawn(
    abundances: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    labels = rng.choice(3, TRACKS, p=abundances)
    return CENTRES[labels] + rng.standard_normal(TRACKS), labels


def test_corrected_scores_are_those_of_bayes(rng: np.random.Generator) -> None:
    signal, _ = drawn(SOURCE, rng)
    found = corrected(scores(signal, SOURCE), SOURCE, TARGET)
    np.testing.assert_allclose(found, scores(signal, TARGET), rtol=1e-12)


@pytest.mark.parametrize("method", ["em", "bbse"])
def test_a_known_shift_of_abundances_is_found(method: str, rng: np.random.Generator) -> None:
    found = []
    for _ in range(20):
        seen = scores(drawn(TARGET, rng)[0], SOURCE)
        if method == "em":
            found.append(expectation_maximisation(seen, SOURCE))
        else:
            signal, labels = drawn(SOURCE, rng)
            found.append(black_box(scores(signal, SOURCE), labels, seen))
    error = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert (error < 0.005).all()
    assert (np.abs(np.mean(found, axis=0) - TARGET) < 5 * error).all()


def test_unchanged_abundances_stay(rng: np.random.Generator) -> None:
    signal, labels = drawn(SOURCE, rng)
    seen = scores(signal, SOURCE)
    np.testing.assert_allclose(black_box(seen, labels, seen), np.bincount(labels) / TRACKS)


def test_what_cannot_be_found_is_said() -> None:
    seen = np.array([[0.9, 0.1], [0.8, 0.2]])
    with pytest.raises(ValueError, match="target abundances must be 2 shares that add up to 1"):
        corrected(seen, np.array([0.5, 0.5]), np.array([0.5, 0.6]))
    with pytest.raises(ValueError, match="a class that the source never has"):
        corrected(seen, np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    with pytest.raises(ValueError, match="some class is never chosen"):
        black_box(seen, np.array([0, 1]), seen)
    with pytest.raises(ValueError, match="have not converged in 1 iterations"):
        expectation_maximisation(seen, np.array([0.5, 0.5]), most=1)
