"""Closure: what is reconstructed of generated events beside that of Monte Carlo events.

The same particles are simulated twice with Geant4, halves A and B of the Monte Carlo, and generated
several times. floor = W(A, B) and model = W(G, B) over the same events; a perfect generator has
ratio 1. The shift of the mean has an uncertainty from drawing the independent units (showers of the
pool, or collisions) anew.

Axis key: P particles, 5 channels, R repetitions of the generation, E events.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.evaluation.floor import Spread, distances, ratio, spread
from zdcsim.evaluation.quantities import Measured, Quantity
from zdcsim.reconstruction.events import Members

Reconstruct = Callable[[NDArray[np.float64]], Measured]
"""Quantities of events from their signals, shape (E, 2, 5)."""


@dataclass(frozen=True)
class Shift:
    """A difference of two means, with the standard deviation over units drawn anew."""

    value: float
    error: float


@dataclass(frozen=True)
class Closure:
    """One reconstructed quantity.

    Arguments:
        unit: Of all numbers here, but `ratio`.
        monte_carlo: Mean over the events, and their standard deviation.
        floor_shift: Mean of half A less that of half B.
        shift: Mean of the generated events less that of the Monte Carlo, both halves.
        floor: Wasserstein distance of Monte Carlo halves, mean and spread over random halves.
        model: That of generated events to a Monte Carlo half.
        ratio: Of the mean distances; None where the floor is 0.
        ratio_spread: Of a single division into halves.
    """

    unit: str
    monte_carlo: tuple[float, float]
    floor_shift: Shift
    shift: Shift
    floor: Spread | None
    model: Spread | None
    ratio: float | None
    ratio_spread: float | None


@dataclass(frozen=True)
class PooledEvents:
    """Events drawn from a pool of showers, which are the independent units.

    Arguments:
        members: What was drawn.
        units: Showers of the pool, P.
        reconstruct: What is looked at.
    """

    members: Members
    units: int
    reconstruct: Reconstruct

    def measured(
        self, signals: NDArray[np.number], drawn: NDArray[np.integer] | None = None
    ) -> Measured:
        """Quantities of all events, with pool signals (P, 5), of the drawn showers when given."""
        pool = signals if drawn is None else signals[drawn]
        return self.reconstruct(self.members.summed(pool))


@dataclass(frozen=True)
class WholeCollisions:
    """Events that use each particle once; the collisions are the independent units.

    Arguments:
        members: Which particle belongs to which event.
        collision: Of every row of what is measured, 0 to units - 1.
        units: Number of collisions.
        reconstruct: What is looked at.
    """

    members: Members
    collision: NDArray[np.int64]
    units: int
    reconstruct: Reconstruct

    def measured(
        self, signals: NDArray[np.number], drawn: NDArray[np.integer] | None = None
    ) -> Measured:
        """Quantities of all events, with signals (P, 5), of the drawn collisions when given."""
        found = self.reconstruct(self.members.summed(signals))
        if drawn is None:
            return found
        times = np.bincount(drawn, minlength=self.units)
        return found.select(np.repeat(np.arange(len(self.collision)), times[self.collision]))


def closure(
    events: PooledEvents | WholeCollisions,
    monte_carlo: NDArray[np.number],
    generated: NDArray[np.number],
    rng: np.random.Generator,
    divisions: int = 20,
    draws: int = 200,
) -> dict[Quantity, Closure]:
    """Every reconstructed quantity of generated events beside Monte Carlo events.

    Arguments:
        events: How particles become events.
        monte_carlo: Two independent simulations of the same particles, shape (2, P, 5).
        generated: Repetitions of the generation of the same particles, shape (R, P, 5).
        rng: What divides and draws.
        divisions: Random halves for the distances.
        draws: Of the units, for the errors of the means.

    Raises:
        ValueError: If the Monte Carlo has not two simulations, or the generated particles differ in
            number.
    """
    if monte_carlo.ndim != 3 or len(monte_carlo) != 2 or not len(generated):
        raise ValueError(
            "a closure needs two Monte Carlo simulations of the same particles, shape (2, P, 5), "
            f"and a generation; got shapes {monte_carlo.shape} and {generated.shape}"
        )
    if generated.shape[1:] != monte_carlo.shape[1:]:
        raise ValueError(
            f"generated signals must be of the Monte Carlo's particles, {monte_carlo.shape[1:]}; "
            f"got {generated.shape[1:]}"
        )
    apart = _distances(events, monte_carlo, generated, rng, divisions)
    whole = [events.measured(each) for each in monte_carlo]
    shifts = _shifts(events, monte_carlo, generated, rng, draws)
    pooled = np.concatenate([each.values for each in whole])
    return {
        quantity: _closure(quantity, pooled[:, column], [each[:, column] for each in shifts], apart)
        for column, quantity in enumerate(whole[0].quantities)
    }


def _closure(
    quantity: Quantity,
    values: NDArray[np.float64],
    shifts: Sequence[NDArray[np.float64]],
    apart: Sequence[tuple[dict[Quantity, float], dict[Quantity, float]]],
) -> Closure:
    floors, models = ([each[side][quantity] for each in apart] for side in (0, 1))
    between, half_spread = ratio(models, floors)
    of_floor, of_model = (Shift(float(each[0]), float(each[1:].std(ddof=1))) for each in shifts)
    return Closure(
        unit=quantity.unit,
        monte_carlo=(float(np.nanmean(values)), float(np.nanstd(values))),
        floor_shift=of_floor,
        shift=of_model,
        floor=spread(floors),
        model=spread(models),
        ratio=between,
        ratio_spread=half_spread,
    )


def _distances(
    events: PooledEvents | WholeCollisions,
    monte_carlo: NDArray[np.number],
    generated: NDArray[np.number],
    rng: np.random.Generator,
    divisions: int,
) -> list[tuple[dict[Quantity, float], dict[Quantity, float]]]:
    """Distances of Monte Carlo halves, and of the generation to the second, by division."""
    found = []
    for number in range(divisions):
        swapped = rng.random((monte_carlo.shape[1], 1)) < 0.5
        first = events.measured(np.where(swapped, monte_carlo[1], monte_carlo[0]))
        second = events.measured(np.where(swapped, monte_carlo[0], monte_carlo[1]))
        model = events.measured(generated[number % len(generated)])
        found.append((distances(first, second), distances(model, second)))
    return found


def _shifts(
    events: PooledEvents | WholeCollisions,
    monte_carlo: NDArray[np.number],
    generated: NDArray[np.number],
    rng: np.random.Generator,
    draws: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shifts of the means, of Monte Carlo halves and of the generation, shape (1 + draws, K).

    The first row is of the sample itself.
    """
    floors, models = [], []
    for draw in range(draws + 1):
        drawn = rng.integers(events.units, size=events.units) if draw else None
        a, b = (_means(events.measured(each, drawn)) for each in monte_carlo)
        made = [_means(events.measured(each, drawn)) for each in generated]
        floors.append(a - b)
        models.append(np.mean(made, axis=0) - (a + b) / 2)
    return np.array(floors), np.array(models)


def _means(measured: Measured) -> NDArray[np.float64]:
    defined = ~np.isnan(measured.values)
    total = np.where(defined, measured.values, 0.0).sum(axis=0)
    found: NDArray[np.float64] = total / np.maximum(defined.sum(axis=0), 1)
    return found
