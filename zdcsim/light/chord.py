"""Light of a particle that crosses a whole fibre on a straight line.

This is the quantity ALICE tabulates by velocity, angle and impact distance; the simulation itself
sums steps, which need not be whole chords.
"""

import numpy as np
from numpy.typing import NDArray

from zdcsim.light import cherenkov, fibre
from zdcsim.light.photo_electrons import QUANTUM_EFFICIENCY

POINTS = 64


def chord_light(
    beta: float, angle: float, impact: float, radius: float, length: float, coupling: float = 1.0
) -> float:
    """Mean photo-electrons of a unit charge on a straight line through a fibre.

    Arguments:
        beta: Velocity over the speed of light.
        angle: Angle between the line and the fibre axis, radians; below pi / 2 towards the back.
        impact: Smallest distance between the line and the fibre axis, mm.
        radius: Core radius, mm.
        length: Length of the fibre, mm; the line crosses the axis region half-way.
        coupling: Photons at the photocathode per photon at the fibre's end.
    """
    half_width = np.sqrt(max(radius**2 - impact**2, 0.0))
    half_path = min(half_width / max(np.sin(angle), 1e-12), length / 2)
    along = half_path * (2 * (np.arange(POINTS) + 0.5) / POINTS - 1)
    position = np.stack([along * np.sin(angle), np.full(POINTS, impact)], axis=1)
    direction = np.tile([np.sin(angle), 0.0, np.cos(angle)], (POINTS, 1))
    betas = np.full(POINTS, beta)
    captured = fibre.captured_fraction(
        betas, direction, position, radius, length / 2 - along * np.cos(angle)
    )
    emitted = cherenkov.photons(np.full(POINTS, 2 * half_path / POINTS), betas, np.ones(POINTS))
    return float(QUANTUM_EFFICIENCY * coupling * (emitted * captured).sum())


def chord_table(
    beta: float,
    angles: NDArray[np.floating],
    impacts: NDArray[np.floating],
    radius: float,
    length: float,
) -> NDArray[np.float64]:
    """`chord_light` of every angle and impact distance, shape (angles, impacts)."""
    return np.array(
        [
            [chord_light(beta, angle, impact, radius, length) for impact in impacts]
            for angle in angles
        ]
    )
