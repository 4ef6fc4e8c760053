"""Two-body decays in flight: strange particles, and pions and kaons before the TPC.

Axis key: N decays.

Source: R. L. Workman et al. (PDG), Prog. Theor. Exp. Phys. 2022, 083C01 (branching ratios; masses
and life times through the `particle` package). Three-body modes are left out: their share of
particles is lost.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from particle import Particle


@dataclass(frozen=True)
class Mode:
    """One decay: parent, branching ratio, two daughters by PDG code."""

    parent: int
    ratio: float
    daughters: tuple[int, int]


MODES: Final = (
    Mode(310, 0.692, (211, -211)),
    Mode(3122, 0.641, (2212, -211)),
    Mode(3222, 0.5157, (2212, 111)),
    Mode(3222, 0.4831, (2112, 211)),
    Mode(3112, 0.9985, (2112, -211)),
    Mode(3312, 0.9989, (3122, -211)),
    Mode(3322, 0.9952, (3122, 111)),
    Mode(3334, 0.678, (3122, -321)),
    Mode(3334, 0.236, (3322, -211)),
    Mode(211, 0.9999, (-13, 14)),
    Mode(321, 0.6356, (-13, 14)),
    Mode(321, 0.2067, (211, 111)),
)
STRANGE: Final = (310, 3122, 3222, 3112, 3312, 3322, 3334)
"""Parents that are decayed wherever that is; 211 and 321 only before the TPC."""

SELF_CONJUGATE: Final = (111, 310)


@cache
def mass(pdg: int) -> float:
    """GeV/c2; 0 for neutrinos and photons."""
    return (Particle.from_pdgid(pdg).mass or 0.0) / 1000


@cache
def ctau_cm(pdg: int) -> float:
    """Proper decay length, cm."""
    return (Particle.from_pdgid(pdg).ctau or np.inf) / 10


def conjugate(pdg: int) -> int:
    """The antiparticle's code."""
    return pdg if pdg in SELF_CONJUGATE else -pdg


def chosen_modes(count: int, parent: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Index into MODES of the decay of each of `count` parents; -1 for modes left out."""
    own = [index for index, mode in enumerate(MODES) if mode.parent == parent]
    ends = np.cumsum([MODES[index].ratio for index in own])
    drawn = np.searchsorted(ends, rng.random(count), side="right")
    return np.array([*own, -1], np.int64)[drawn]


def two_body(
    momentum: NDArray[np.float64],
    parent_mass: float | NDArray[np.float64],
    masses: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Momenta of two daughters of an unpolarised parent, GeV/c, shape (N, 3) each.

    Arguments:
        momentum: The parents', shape (N, 3).
        parent_mass: GeV/c2, one for all or shape (N,).
        masses: The daughters', GeV/c2.
        rng: Source of randomness.
    """
    m1, m2 = masses
    parent = np.broadcast_to(np.asarray(parent_mass, np.float64), len(momentum))
    breakup = (parent**2 - (m1 + m2) ** 2) * (parent**2 - (m1 - m2) ** 2)
    break_momentum = np.sqrt(np.maximum(breakup, 0)) / (2 * parent)
    cosine = rng.uniform(-1, 1, len(momentum))
    phi = rng.uniform(0, 2 * np.pi, len(momentum))
    sine = np.sqrt(1 - cosine**2)
    direction = np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine], axis=1)
    at_rest = break_momentum[:, None] * direction
    first = boosted(at_rest, np.hypot(break_momentum, m1), momentum, parent)
    return first, momentum - first


def boosted(
    vector: NDArray[np.float64],
    energy: NDArray[np.float64],
    momentum: NDArray[np.float64],
    parent: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Momenta (N, 3) with energies (N,) in the rest frame of parents, seen from the laboratory.

    Arguments:
        vector: In the rest frame, GeV/c, shape (N, 3).
        energy: There, GeV, shape (N,).
        momentum: The parents', GeV/c, shape (N, 3).
        parent: Their masses, GeV/c2, shape (N,).
    """
    total = np.sqrt(np.sum(momentum**2, axis=1) + parent**2)
    along = np.sum(vector * momentum, axis=1) / (parent * (total + parent))
    seen: NDArray[np.float64] = vector + momentum * (along + energy / parent)[:, None]
    return seen


def decay_length(
    momentum: NDArray[np.float64], pdg: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Flown distance at the decay of particles of one species, cm, shape (N,)."""
    proper = rng.exponential(ctau_cm(pdg), len(momentum))
    boost: NDArray[np.float64] = np.linalg.norm(momentum, axis=1) / mass(pdg)
    return proper * boost
