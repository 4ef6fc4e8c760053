"""The TPC: clusters on its pad rows, shared clusters, the truncated mean of dE/dx.

The resolution falls with the square root of the number of clusters and of the path over a pad row.
Clusters shared with another track add its charge.

Axis key: N tracks.

Source: ALICE TPC Upgrade TDR, CERN-LHCC-2013-020 (geometry, resolution); O2Physics, Common/Core/PID
(resolution of 7 % of the mean by default).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from detcore.config import Settings
from pid.detector import helix
from pid.detector.bethe_bloch import expected_signal

INNER_CM: Final = 84.85
OUTER_CM: Final = 246.6
ROWS: Final = 152
REFERENCE_CLUSTERS: Final = 130


class TpcSettings(Settings):
    """Response of the TPC.

    Arguments:
        gain: Signal relative to its calibration.
        gain_slope: Relative change of the gain from pseudorapidity 0 to 1.
        resolution: Relative, of a track with 130 clusters and tan(lambda) = 0.
        cluster_efficiency: Probability that a crossed row has a cluster.
        shared_fraction: Share of tracks that overlap with another one.
        shared_mean: Mean number of shared clusters of those.
    """

    gain: float = Field(default=1.0, gt=0)
    gain_slope: float = 0.0
    resolution: float = Field(default=0.07, gt=0, lt=1)
    cluster_efficiency: float = Field(default=0.97, gt=0, le=1)
    shared_fraction: float = Field(default=0.045, ge=0, le=1)
    shared_mean: float = Field(default=9.4, ge=1)


@dataclass(frozen=True)
class Clusters:
    """Numbers of clusters, shape (N,) each: rows crossed, rows found, clusters shared."""

    findable: NDArray[np.int64]
    found: NDArray[np.int64]
    shared: NDArray[np.int64]


def crossed_rows(
    pt: NDArray[np.float64], end_cm: NDArray[np.float64], field_t: float
) -> NDArray[np.int64]:
    """Pad rows between the inner wall and where a track ends or turns back, shape (N,).

    Arguments:
        pt: GeV/c, shape (N,).
        end_cm: Transverse radius at which the particle stops to exist, cm, shape (N,).
        field_t: Tesla.
    """
    farthest = np.minimum(np.minimum(2 * helix.radius(pt, field_t), end_cm), OUTER_CM)
    crossed = ROWS * (farthest - INNER_CM) / (OUTER_CM - INNER_CM)
    return np.clip(crossed, 0, ROWS).astype(np.int64)


def clusters(rows: NDArray[np.int64], settings: TpcSettings, rng: np.random.Generator) -> Clusters:
    """Clusters found and shared on the crossed rows."""
    found = rng.binomial(rows, settings.cluster_efficiency)
    overlaps = rng.random(len(rows)) < settings.shared_fraction
    shared = np.where(overlaps, rng.geometric(1 / settings.shared_mean, len(rows)), 0)
    return Clusters(rows, found, np.minimum(shared, found))


def relative_resolution(
    found: NDArray[np.integer] | NDArray[np.floating],
    tan_lambda: NDArray[np.floating],
    resolution: float,
) -> NDArray[np.float64]:
    """Standard deviation of the signal over its mean, shape (N,).

    Arguments:
        found: Clusters, shape (N,).
        tan_lambda: pz / pt, shape (N,).
        resolution: Of 130 clusters at tan(lambda) = 0.
    """
    path = np.sqrt(1 + np.asarray(tan_lambda, np.float64) ** 2)
    clusters_times_path = np.maximum(found, 1).astype(np.float64) * path
    spread: NDArray[np.float64] = resolution * np.sqrt(REFERENCE_CLUSTERS / clusters_times_path)
    return spread


def signal(
    momentum: NDArray[np.float64],
    mass: NDArray[np.float64],
    tan_lambda: NDArray[np.float64],
    counts: Clusters,
    settings: TpcSettings,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Truncated mean of dE/dx, arbitrary units with 50 at minimum ionisation, shape (N,).

    Arguments:
        momentum: True, GeV/c, shape (N,).
        mass: True, GeV/c2, shape (N,).
        tan_lambda: pz / pt, shape (N,).
        counts: The clusters.
        settings: Gain and resolution.
        rng: Source of randomness.
    """
    spread = relative_resolution(counts.found, tan_lambda, settings.resolution)
    overlap = 0.5 * counts.shared / np.maximum(counts.found, 1)
    eta = np.arcsinh(tan_lambda)
    gain = settings.gain * (1 + settings.gain_slope * np.abs(eta))
    fluctuation = np.maximum(1 + spread * rng.standard_normal(len(spread)), 0.05)
    return expected_signal(momentum, mass) * gain * (1 + overlap) * fluctuation


def n_sigma(
    measured: NDArray[np.float64],
    momentum: NDArray[np.float64],
    mass: float,
    found: NDArray[np.integer] | NDArray[np.floating],
    tan_lambda: NDArray[np.float64],
    resolution: float,
) -> NDArray[np.float64]:
    """Deviation of the signal from that of a mass hypothesis, in standard deviations, shape (N,).

    Gain and slope are not corrected: an analyst does not know them.
    """
    expected = expected_signal(momentum, mass)
    spread = relative_resolution(found, tan_lambda, resolution) * expected
    return (measured - expected) / spread
