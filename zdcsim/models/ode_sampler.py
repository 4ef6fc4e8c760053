"""Few-step integration of a velocity from noise to data.

Axis key: B rows, M numbers a row.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Integrator = Literal["euler", "heun"]
"""One evaluation a step, or two and one order more."""


def integrated(
    velocity: Callable[[Tensor, Tensor], Tensor], start: Tensor, steps: int, integrator: Integrator
) -> Tensor:
    """The end at time 1 of the path that starts at time 0, shape (B, M).

    All rows have the same times, so these have one row: in an exported graph they are
    constants, and so is all that depends on them alone. The last step of Heun's method is one
    of Euler's: at time 1 no network was trained.

    Arguments:
        velocity: Of places (B, M) at a time (1, 1), shape (B, M).
        start: Shape (B, M).
        steps: Of equal length.
        integrator: The method.
    """
    place, length = start, 1 / steps
    for step in range(steps):
        now = torch.full((1, 1), step * length, dtype=start.dtype, device=start.device)
        speed = velocity(place, now)
        if integrator == "heun" and step < steps - 1:
            ahead = velocity(place + length * speed, now + length)
            place = place + 0.5 * length * (speed + ahead)
        else:
            place = place + length * speed
    return place
