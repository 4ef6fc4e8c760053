"""CPU time of a generated response against that of a Monte Carlo response."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TypeVar

import numpy as np

from zdcsim.response import Responses

Result = TypeVar("Result")


@dataclass(frozen=True)
class Speed:
    """Seconds per response, and their ratio.

    Arguments:
        monte_carlo_cpu: Mean CPU seconds of a Monte Carlo response, as its file states them.
        generator_cpu: CPU seconds of a generated response, all threads together, measured in
            this run: reading the bundle and everything up to whole photo-electrons included.
        generator_wall: Wall-clock seconds of the same.
        batch_size: Responses generated together.
        speed_up: Ratio of the CPU seconds; None if the Monte Carlo's are not known.
    """

    monte_carlo_cpu: float | None
    generator_cpu: float
    generator_wall: float
    batch_size: int
    speed_up: float | None


@dataclass
class Stopwatch:
    """Time spent in a function over several calls, s."""

    cpu: float = 0.0
    wall: float = 0.0

    def time(self, call: Callable[[], Result]) -> Result:
        """The result of a call, whose time is added."""
        cpu, wall = process_time(), perf_counter()
        result = call()
        self.cpu += process_time() - cpu
        self.wall += perf_counter() - wall
        return result


def speed(reference: Responses, spent: Stopwatch, responses: int, batch_size: int) -> Speed:
    """Seconds per response of the Monte Carlo and of a generator.

    Arguments:
        reference: The Monte Carlo with the CPU seconds of its responses.
        spent: Time that the generator took.
        responses: Responses that it generated in that time.
        batch_size: Responses generated together.
    """
    known = np.isfinite(reference.cpu_seconds).all() and (reference.cpu_seconds > 0).any()
    monte_carlo = float(reference.cpu_seconds.mean()) if known else None
    cpu = spent.cpu / responses
    return Speed(
        monte_carlo_cpu=monte_carlo,
        generator_cpu=cpu,
        generator_wall=spent.wall / responses,
        batch_size=batch_size,
        speed_up=monte_carlo / cpu if monte_carlo is not None and cpu > 0 else None,
    )
