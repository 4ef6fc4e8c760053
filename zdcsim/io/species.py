"""Mass and charge of PDG codes, for sources that give the code alone.

Axis key: N particles.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

UNKNOWN_PDG = 0
"""Stands for a code that the source does not give."""

ELECTRON_MEV = 0.51099895


def mass_and_charge(pdg: NDArray[np.integer], place: str) -> NDArray[np.float64]:
    """Mass (MeV) and charge (e/3) of each PDG code, shape (N, 2).

    Arguments:
        pdg: Codes, shape (N,).
        place: Where they were read, for the message.

    Raises:
        ValueError: If the PDG tables do not have one of the codes.
    """
    codes, index = np.unique(pdg, return_inverse=True)
    known = [_known(int(code), place) for code in codes]
    return np.array(known, dtype=np.float64).reshape(-1, 2)[index]


def in_tables(pdg: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whether the PDG tables have each code, shape (N,)."""
    codes, index = np.unique(pdg, return_inverse=True)
    found: NDArray[np.bool_] = np.array([_in_tables(int(code)) for code in codes], bool)[index]
    return found


@cache
def _in_tables(code: int) -> bool:
    try:
        _known(code, "")
    except ValueError:
        return False
    return True


@cache
def _known(code: int, place: str) -> tuple[float, int]:
    from particle import InvalidParticle, Particle, ParticleNotFound

    try:
        found = Particle.from_pdgid(code)
    except (InvalidParticle, ParticleNotFound):
        raise ValueError(
            f"{place}: the PDG tables have no particle {code}; leave it out of the source"
        ) from None
    # The tables give neutrinos no mass, and nuclei that of the atom, antinuclei too.
    electrons = abs(found.pdgid.Z or 0) if found.pdgid.is_nucleus and found.pdgid.A > 1 else 0
    mass = float(found.mass or 0.0) - electrons * ELECTRON_MEV
    return mass, int(found.three_charge or 0)


def proper_decay_length(pdg: int) -> float:
    """Mean life time times c, cm; infinite for a stable particle.

    Raises:
        ValueError: If the PDG tables do not have the code.
    """
    from particle import Particle

    _known(pdg, "decays")
    ctau_mm = Particle.from_pdgid(pdg).ctau
    return float("inf") if ctau_mm is None else float(ctau_mm) / 10
