"""The charged particles of collisions: primaries, decay products, electrons from photons.

Axis key: N particles.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pid.detector import helix
from pid.detector.particles import Particles, together
from pid.simulation import photons
from pid.simulation.decays import (
    MODES,
    SELF_CONJUGATE,
    STRANGE,
    chosen_modes,
    conjugate,
    decay_length,
    mass,
    two_body,
)
from pid.simulation.generator import Generated
from pid.simulation.settings import AbundanceSettings

CHARGED: Final = (11, 13, 211, 321, 2212)
TRACKED_CM: Final = 80.0
"""A pion or kaon that decays before this radius leaves its daughter's track in the TPC."""

DECAY_ORDER: Final = (3334, 3322, 3312, 3122, 3222, 3112, 310)
"""Parents before their daughters."""

assert set(DECAY_ORDER) == set(STRANGE)


def charged(
    generated: Generated, abundances: AbundanceSettings, field_t: float, rng: np.random.Generator
) -> Particles:
    """Electrons, muons, pions, kaons and protons, ordered by collision.

    Arguments:
        generated: Particles that leave the collisions.
        abundances: Relative numbers of each species kept.
        field_t: Tesla; turns pions and kaons until they decay.
        rng: Source of randomness.
    """
    pool = _at_vertex(generated)
    found = [_of(pool, CHARGED), *electrons(_of(pool, (22,)), rng)]
    pool = _of(pool, STRANGE)
    for parent in DECAY_ORDER:
        own = np.abs(pool.pdg) == parent
        daughters = _decayed(pool.select(own), parent, field_t, rng)
        found += [_of(part, CHARGED) for part in daughters]
        pool = together([pool.select(~own), *(_of(part, STRANGE) for part in daughters)])
    particles = together(found)
    for parent in (321, 211):
        particles = _decay_in_flight(particles, parent, field_t, rng)
    return thinned(particles, abundances, rng)


def electrons(gammas: Particles, rng: np.random.Generator) -> list[Particles]:
    """Electrons and positrons of photons: primaries of Dalitz pairs, secondaries of conversions."""
    dalitz = rng.random(len(gammas)) < photons.DALITZ
    virtual, real = gammas.select(dalitz), gammas.select(~dalitz)
    pair_mass = photons.dalitz_masses(len(virtual), rng)
    prompt = two_body(virtual.momentum, pair_mass, (mass(11), mass(11)), rng)
    radius = photons.conversion_radius(len(real), rng)
    converts = np.isfinite(radius)
    real, radius = real.select(converts), radius[converts]
    flown = radius / np.hypot(real.momentum[:, 0], real.momentum[:, 1])
    place = real.origin + real.momentum * flown[:, None]
    # The energy splits almost evenly over its range, and the opening angle is negligible.
    share = rng.uniform(0.01, 0.99, len(real))[:, None]
    secondary = (real.momentum * share, real.momentum * (1 - share))
    return [
        _made(virtual, code, momentum, virtual.origin, virtual.primary)
        for code, momentum in zip((11, -11), prompt, strict=True)
    ] + [
        _made(real, code, momentum, place, np.zeros(len(real), np.bool_))
        for code, momentum in zip((11, -11), secondary, strict=True)
    ]


def thinned(
    particles: Particles, abundances: AbundanceSettings, rng: np.random.Generator
) -> Particles:
    """Particles such that each species keeps its relative abundance; muons are all kept."""
    weights = {
        211: abundances.pion,
        321: abundances.kaon,
        2212: abundances.proton,
        11: abundances.electron,
    }
    most = max(weights.values())
    if most <= 0:
        raise ValueError("all abundances are 0; expected at least one above")
    keep = np.ones(len(particles))
    for code, weight in weights.items():
        keep[np.abs(particles.pdg) == code] = weight / most
    return particles.select(rng.random(len(particles)) < keep)


def _at_vertex(generated: Generated) -> Particles:
    count = len(generated.pdg)
    return Particles(
        pdg=generated.pdg,
        momentum=generated.momentum,
        origin=np.zeros((count, 3)),
        end_cm=np.full(count, np.inf),
        event=generated.event,
        primary=np.ones(count, np.bool_),
    )


def _of(particles: Particles, species: tuple[int, ...]) -> Particles:
    return particles.select(np.isin(np.abs(particles.pdg), species))


def _made(
    parents: Particles,
    pdg: int | NDArray[np.int64],
    momentum: NDArray[np.float64],
    origin: NDArray[np.float64],
    primary: NDArray[np.bool_],
) -> Particles:
    """Daughters in the collisions of their parents."""
    return Particles(
        pdg=np.broadcast_to(np.asarray(pdg, np.int32), len(parents)),
        momentum=momentum,
        origin=origin,
        end_cm=np.full(len(parents), np.inf),
        event=parents.event,
        primary=primary,
    )


def _decayed(
    parents: Particles, parent: int, field_t: float, rng: np.random.Generator
) -> list[Particles]:
    """All daughters, charged and neutral, of parents of one species and its antiparticle."""
    total = decay_length(parents.momentum, parent, rng)
    place, momentum = _flown(parents, parent, total, field_t)
    return _daughters(parents, parent, place, momentum, rng)


def _flown(
    parents: Particles, parent: int, total: NDArray[np.float64], field_t: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions and momenta of particles of one species after a path in cm (N,)."""
    px, py, _ = parents.momentum.T
    momentum = np.linalg.norm(parents.momentum, axis=1)
    if parent not in (211, 321):
        # Neutral, or so short-lived that the bend is invisible.
        return parents.origin + parents.momentum * (total / momentum)[:, None], parents.momentum
    transverse = total * np.hypot(px, py) / momentum
    return helix.transported(parents.origin, parents.momentum, parents.charge, transverse, field_t)


def _daughters(
    parents: Particles,
    parent: int,
    place: NDArray[np.float64],
    momentum: NDArray[np.float64],
    rng: np.random.Generator,
) -> list[Particles]:
    modes = chosen_modes(len(parents), parent, rng)
    found = []
    for index in np.unique(modes[modes >= 0]):
        codes = MODES[index].daughters
        own = modes == index
        chosen = parents.select(own)
        masses = (mass(abs(codes[0])), mass(abs(codes[1])))
        products = two_body(momentum[own], mass(parent), masses, rng)
        anti = (chosen.pdg < 0) & (parent not in SELF_CONJUGATE)
        for code, product in zip(codes, products, strict=True):
            signed = np.where(anti, conjugate(code), code)
            secondary = np.zeros(len(chosen), np.bool_)
            found.append(_made(chosen, signed, product, place[own], secondary))
    return found


def _decay_in_flight(
    particles: Particles, parent: int, field_t: float, rng: np.random.Generator
) -> Particles:
    """Pions or kaons that decay before the TPC replaced by daughters; the others get their end."""
    own = np.abs(particles.pdg) == parent
    parents, others = particles.select(own), particles.select(~own)
    total = decay_length(parents.momentum, parent, rng)
    place, momentum = _flown(parents, parent, total, field_t)
    pt = np.hypot(parents.momentum[:, 0], parents.momentum[:, 1])
    transverse = total * pt / np.linalg.norm(parents.momentum, axis=1)
    outgoing = transverse < np.pi * helix.radius(pt, field_t)
    end = np.where(outgoing, np.hypot(place[:, 0], place[:, 1]), np.inf)
    early = end < TRACKED_CM
    daughters = _daughters(parents.select(early), parent, place[early], momentum[early], rng)
    late = Particles(**{**vars(parents), "end_cm": end}).select(~early)
    return together([others, late, *(_of(part, CHARGED) for part in daughters)])
