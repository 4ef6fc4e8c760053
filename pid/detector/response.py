"""Particles into tracks: the whole parametric detector, in the order in which a track crosses it.

Axis key: N tracks, E collisions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pid.columns import EXTENDED, PRODUCER, blanked
from pid.detector import absorption, dca, helix, its, matching, tof, tpc, trd
from pid.detector.helix import ClosestApproach
from pid.detector.particles import Collisions, Particles
from pid.detector.settings import DetectorSettings
from pid.species import HYPOTHESES
from pid.tracks import Tracks

COLUMNS = tuple(column.name for column in (*PRODUCER, *EXTENDED))
Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Measured:
    """A track after ITS and TPC tracking, shape (N,) each: GeV/c, cm, rad."""

    pt: NDArray[np.float64]
    tan_lambda: NDArray[np.float64]
    phi: NDArray[np.float64]
    dca_xy: NDArray[np.float64]
    dca_z: NDArray[np.float64]

    @property
    def momentum(self) -> NDArray[np.float64]:
        """GeV/c, shape (N,)."""
        return self.pt * np.sqrt(1 + self.tan_lambda**2)

    def select(self, chosen: NDArray[np.bool_]) -> "Measured":
        """The tracks of a mask."""
        return Measured(*(part[chosen] for part in vars(self).values()))


def respond(
    particles: Particles,
    collisions: Collisions,
    settings: DetectorSettings,
    rng: np.random.Generator,
) -> Tracks:
    """Global tracks of the particles, with all columns of the extended tables.

    Arguments:
        particles: Charged particles, ordered by collision.
        collisions: Their collisions.
        settings: The detector.
        rng: Source of randomness.

    Returns:
        Tracks whose `event` is the index of the collision.
    """
    particles = _in_acceptance(particles, settings, rng)
    approach = helix.closest_approach(
        particles.origin, particles.momentum, particles.charge, settings.field_t
    )
    measured = _tracked(particles, approach, settings, rng)
    rows = tpc.crossed_rows(measured.pt, particles.end_cm, settings.field_t)
    layers = its.cluster_map(_first_hit(particles), settings.its, rng)
    found = (
        (rows >= settings.rows_min)
        & ((layers & its.INNER_BARREL) > 0)
        & (np.abs(np.arcsinh(measured.tan_lambda)) < settings.eta_max)
        & (measured.pt > settings.pt_min)
        & dca.is_global(measured.dca_xy, measured.dca_z, measured.pt)
    )
    particles, measured = particles.select(found), measured.select(found)
    columns = {
        **_track_columns(particles, measured, collisions),
        "fITSClusterMap": layers[found].astype(np.float64),
        **_tpc_columns(particles, measured, rows[found], settings, rng),
        **_outer_columns(particles, measured, collisions, settings, rng),
    }
    kept = blanked(columns)
    return Tracks(
        columns=COLUMNS,
        values=np.stack([kept[name] for name in COLUMNS], axis=1),
        event=particles.event,
        pdg=particles.pdg,
        primary=particles.primary,
    )


def _in_acceptance(
    particles: Particles, settings: DetectorSettings, rng: np.random.Generator
) -> Particles:
    """Those that may become tracks: near the acceptance, not absorbed, found by the tracking."""
    px, py, pz = particles.momentum.T
    pt = np.hypot(px, py)
    near = (pt > 0.8 * settings.pt_min) & (np.abs(pz) < pt * np.sinh(settings.eta_max + 0.1))
    survives = absorption.survives(particles.pdg, np.hypot(pt, pz), absorption.LENGTHS_TO_TPC)
    slow = np.exp(-((pt / settings.tracking_turn_on) ** 2))
    efficiency = settings.tracking_efficiency * (1 - slow) * survives
    return particles.select(near & (rng.random(len(particles)) < efficiency))


def _first_hit(particles: Particles) -> NDArray[np.float64]:
    """Transverse radius of a track's first possible hit, cm, shape (N,)."""
    radius = np.hypot(particles.origin[:, 0], particles.origin[:, 1])
    # The track of a muon from a pion or kaon begins with the hits of its parent.
    return np.where((np.abs(particles.pdg) == 13) & ~particles.primary, 0.0, radius)


def _tracked(
    particles: Particles,
    approach: ClosestApproach,
    settings: DetectorSettings,
    rng: np.random.Generator,
) -> Measured:
    px, py, pz = particles.momentum.T
    pt = np.hypot(px, py)
    tan_lambda = pz / pt
    pointing = dca.resolution(np.hypot(pt, pz), particles.mass, tan_lambda, settings.its)
    relative = np.hypot(settings.its.momentum, settings.its.momentum_slope * pt)
    return Measured(
        pt=pt / np.maximum(1 + relative * rng.standard_normal(len(pt)), 0.5),
        tan_lambda=tan_lambda,
        phi=approach.phi,
        dca_xy=approach.xy + pointing * rng.standard_normal(len(pt)),
        dca_z=approach.z + pointing * rng.standard_normal(len(pt)),
    )


def _track_columns(particles: Particles, track: Measured, collisions: Collisions) -> Columns:
    """Momentum, position and alpha as O2 has them after propagation to the vertex.

    O2 turns the local frame so that its x axis is along the momentum: alpha is the azimuth.
    """
    vertex = collisions.vertex[particles.event]
    cosine, sine = np.cos(track.phi), np.sin(track.phi)
    count = np.bincount(particles.event, minlength=len(collisions.vertex))
    return {
        "fP": track.momentum,
        "fPt": track.pt,
        "fPx": track.pt * cosine,
        "fPy": track.pt * sine,
        "fPz": track.pt * track.tan_lambda,
        "fSign": particles.charge,
        "fX": vertex[:, 0] * cosine + vertex[:, 1] * sine,
        "fY": vertex[:, 1] * cosine - vertex[:, 0] * sine + track.dca_xy,
        "fZ": vertex[:, 2] + track.dca_z,
        "fAlpha": track.phi,
        "fTrackType": np.zeros(len(particles)),
        "fDcaXY": track.dca_xy,
        "fDcaZ": track.dca_z,
        "fPosZ": vertex[:, 2],
        "fMultNTracksPV": count[particles.event].astype(np.float64),
    }


def _tpc_columns(
    particles: Particles,
    track: Measured,
    rows: NDArray[np.int64],
    settings: DetectorSettings,
    rng: np.random.Generator,
) -> Columns:
    counts = tpc.clusters(rows, settings.tpc, rng)
    true_momentum = np.linalg.norm(particles.momentum, axis=1)
    signal = tpc.signal(true_momentum, particles.mass, track.tan_lambda, counts, settings.tpc, rng)
    reference = tpc.TpcSettings().resolution
    deviations = {
        f"fTPCNSigma{species.label}": tpc.n_sigma(
            signal, track.momentum, species.mass, counts.found, track.tan_lambda, reference
        )
        for species in HYPOTHESES
    }
    return {
        "fTPCSignal": signal,
        "fTPCNClsShared": counts.shared.astype(np.float64),
        "fTPCNClsFindable": counts.findable.astype(np.float64),
        "fTpcNClsFound": counts.found.astype(np.float64),
        "fTPCChi2NCl": rng.gamma(12, 1 / 12, len(rows)) * (1 + 0.02 * counts.shared),
        **deviations,
    }


def _outer_columns(
    particles: Particles,
    track: Measured,
    collisions: Collisions,
    settings: DetectorSettings,
    rng: np.random.Generator,
) -> Columns:
    """TRD and TOF of all tracks, NaN where they did not see the track."""
    has_trd, has_tof = matching.matched(
        particles, track.phi, settings.matching, settings.field_t, rng
    )
    momentum, mass = np.linalg.norm(particles.momentum, axis=1), particles.mass
    path = tof.length(track.pt, track.tan_lambda, settings.field_t)
    start = collisions.measured_time[particles.event]
    error = collisions.time_error[particles.event]
    time = tof.measured_time(
        path, momentum, mass, collisions.time[particles.event], settings.tof, rng
    )
    layers = trd.pattern(len(particles), settings.trd, rng)
    trd_signal = trd.signal(momentum, mass, layers, settings.trd, rng)
    chi2 = rng.gamma(3, 1 / 3, len(particles))
    reference = tof.TofSettings().resolution_ps
    deviations = {
        f"fTOFNSigma{species.label}": np.where(
            has_tof,
            tof.n_sigma(time, start, error, path, track.momentum, species.mass, reference),
            np.nan,
        )
        for species in HYPOTHESES
    }
    return {
        "fTRDSignal": np.where(has_trd, trd_signal, np.nan),
        "fTRDPattern": np.where(has_trd, layers, 0).astype(np.float64),
        "fTRDChi2": np.where(has_trd, chi2, np.nan),
        "fTOFSignal": np.where(has_tof, time, np.nan),
        "fBeta": np.where(has_tof, tof.velocity(path, time, start), np.nan),
        "fLength": np.where(has_tof, path, np.nan),
        **deviations,
    }
