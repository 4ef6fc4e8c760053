"""Tracks whose TPC and TOF signals follow the assumed response exactly."""

import numpy as np

from pid.detector import tof, tpc
from pid.detector.bethe_bloch import expected_signal
from pid.models.deviations import ResponseSettings
from pid.species import CLASSES
from pid.tracks import Tracks

COLUMNS = ("fTPCSignal", "fBeta", "fP", "fPx", "fPy", "fPz", "fSign")


def tracks_of(index: int, count: int, rng: np.random.Generator) -> Tracks:
    """Positive tracks of one class, 0.4 to 2 GeV/c, both detectors present."""
    species, response = CLASSES[index], ResponseSettings()
    pt, tan_lambda = rng.uniform(0.4, 1.8, count), rng.uniform(-0.5, 0.5, count)
    phi = rng.uniform(0, 2 * np.pi, count)
    p = pt * np.hypot(1, tan_lambda)
    clusters = np.full(count, response.tpc_clusters)
    relative = tpc.relative_resolution(clusters, tan_lambda, response.tpc_resolution)
    signal = expected_signal(p, species.mass) * (1 + relative * rng.standard_normal(count))
    path = tof.length(pt, tan_lambda, response.field_t)
    start = np.full(count, response.start_resolution_ps)
    spread = tof.expected_resolution(path, p, species.mass, start, response.tof_resolution_ps)
    speed = p / np.hypot(p, species.mass)
    beta = speed * (1 + speed * tof.LIGHT_CM_PER_PS * spread / path * rng.standard_normal(count))
    momenta = (p, pt * np.cos(phi), pt * np.sin(phi), pt * tan_lambda)
    return Tracks(
        columns=COLUMNS,
        values=np.stack([signal, beta, *momenta, np.ones(count)], axis=1).astype(np.float32),
        event=np.arange(count),
        pdg=np.full(count, species.pdg, np.int32),
        primary=np.ones(count, np.bool_),
        provenance={"data_kind": "toy"},
    )
