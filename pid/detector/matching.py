"""Which tracks TRD and TOF see: geometry, turn-on, losses on the way, and chance.

A probability has a part that depends on the track (transverse momentum, pseudorapidity, azimuth,
species: missing not at random) and a plateau that does not (missing completely at random). The
plateaus are fitted so that the four detector patterns have the published fractions.

Axis key: N particles.

Source: M. Kasak et al., Eur. Phys. J. C 84 (2024) 691 and its repository (fractions).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from detcore.config import Settings
from pid.detector import absorption, helix, tof, tpc, trd
from pid.detector.particles import Particles

Period = Literal["run2", "run3"]
SECTORS: Final = 18
GAP: Final = 0.05
"""Share of azimuth between the supermodules."""


@dataclass(frozen=True)
class Plateaus:
    """Probabilities to match a track that reaches a detector's sensitive area.

    Arguments:
        trd: Of the TRD.
        tof_with_trd: Of the TOF, for tracks with TRD.
        tof_without_trd: Of the TOF, for tracks without.
    """

    trd: float
    tof_with_trd: float
    tof_without_trd: float


PLATEAUS: Final[Mapping[Period, Plateaus]] = {
    "run2": Plateaus(0.8536, 0.9220, 0.0987),
    "run3": Plateaus(0.1103, 0.7692, 0.3860),
}

PUBLISHED: Final[Mapping[Period, Mapping[int, float]]] = {
    "run2": {7: 0.371, 1: 0.367, 3: 0.248, 5: 0.014},
    "run3": {7: 0.0400, 1: 0.7300, 3: 0.0400, 5: 0.1900},
}
"""Fractions of detector patterns (bits TPC 1, TRD 2, TOF 4).

For Run 3 only the sums are published, TOF missing 77.0 % and TRD missing 92.0 %; we take half of
the tracks with TRD to have TOF.
"""


class MatchingSettings(Settings):
    """Which tracks have TRD and TOF.

    Arguments:
        period: Whose published fractions of missing detectors are met.
        trd_efficiency: Factor on the TRD's plateau.
        tof_efficiency: Factor on the TOF's plateaus.
    """

    period: Period = "run2"
    trd_efficiency: float = Field(default=1.0, ge=0)
    tof_efficiency: float = Field(default=1.0, ge=0)


def fitted(
    trd_shape: NDArray[np.float64],
    tof_shape: NDArray[np.float64],
    fractions: Mapping[int, float],
) -> Plateaus:
    """The plateaus that give these fractions of patterns for tracks of these shapes.

    Arguments:
        trd_shape: First result of `shapes` for tracks that pass all cuts, shape (N,).
        tof_shape: Second result, shape (N,).
        fractions: Wanted fraction of each pattern, as in PUBLISHED.

    Raises:
        ValueError: If a plateau would have to exceed 1.
    """
    with_trd = (fractions[7] + fractions[3]) / trd_shape.mean()
    plateaus = Plateaus(
        trd=with_trd,
        tof_with_trd=fractions[7] / (with_trd * trd_shape * tof_shape).mean(),
        tof_without_trd=fractions[5] / ((1 - with_trd * trd_shape) * tof_shape).mean(),
    )
    if max(vars(plateaus).values()) > 1:
        raise ValueError(f"no plateaus up to 1 give the fractions {dict(fractions)}: {plateaus}")
    return plateaus


def matched(
    particles: Particles,
    phi: NDArray[np.float64],
    settings: MatchingSettings,
    field_t: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which particles TRD and TOF see, shape (N,) each.

    Arguments:
        particles: What has a track in the TPC.
        phi: Azimuths of their momenta at the vertex, rad, shape (N,).
        settings: Period and efficiencies.
        field_t: Tesla.
        rng: Source of randomness.
    """
    plateaus = PLATEAUS[settings.period]
    trd_shape, tof_shape = shapes(particles, phi, field_t)
    has_trd = rng.random(len(particles)) < plateaus.trd * settings.trd_efficiency * trd_shape
    plateau = np.where(has_trd, plateaus.tof_with_trd, plateaus.tof_without_trd)
    has_tof = rng.random(len(particles)) < plateau * settings.tof_efficiency * tof_shape
    return has_trd, has_tof


def shapes(
    particles: Particles, phi: NDArray[np.float64], field_t: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What of the TRD's and the TOF's probability depends on the track, shape (N,) each."""
    px, py, pz = particles.momentum.T
    pt = np.hypot(px, py)
    momentum = np.hypot(pt, pz)
    eta = np.arcsinh(pz / pt)
    common = (1 - 0.2 * (np.abs(eta) / 0.8) ** 4).clip(0, 1)
    # A kaon's daughters leave its direction; a pion's muon goes on along it.
    kaon = np.abs(particles.pdg) == 321
    shape = []
    for reach, turn_on, width, lengths in (
        (trd.RADIUS_CM, 0.24, 0.02, absorption.LENGTHS_TO_TRD),
        (tof.RADIUS_CM, 0.31, 0.02, absorption.LENGTHS_TO_TOF),
    ):
        azimuth = helix.azimuth_at(phi, particles.charge, pt, reach, field_t)
        arrives = (particles.end_cm > np.where(kaon, reach, tpc.OUTER_CM)) & sensitive(azimuth)
        logistic = 1 / (1 + np.exp(-(pt - turn_on) / width))
        survival = absorption.survives(particles.pdg, momentum, lengths)
        shape.append(arrives * common * logistic * survival)
    return shape[0], shape[1]


def sensitive(azimuth: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether an azimuth (rad) is not in a gap between supermodules; False for NaN, shape (N,)."""
    with np.errstate(invalid="ignore"):
        place = np.remainder(azimuth * SECTORS / (2 * np.pi), 1)
        found: NDArray[np.bool_] = (place > GAP / 2) & (place < 1 - GAP / 2)
    return found
