"""Particle species: name, mass, charge and life time, from the tables of the `particle` package."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from particle import InvalidParticle, Particle, ParticleNotFound

from zdcsim.io.species import mass_and_charge, proper_decay_length

GEANT4_NAMES = {"neutron": 2112, "proton": 2212, "gamma": 22, "photon": 22}


@dataclass(frozen=True)
class Species:
    """One kind of particle.

    Arguments:
        pdg: PDG code.
        name: Name in the PDG's notation.
        mass_mev: Mass, MeV; of nuclei without the electrons of the atom.
        charge_thirds: Charge in units of e / 3, as O2 gives it.
        ctau_cm: Mean proper decay length, cm; infinite for a stable particle.
    """

    pdg: int
    name: str
    mass_mev: float
    charge_thirds: int
    ctau_cm: float


@cache
def species(particle: int | str) -> Species:
    """Species of a PDG code or a name.

    Raises:
        ValueError: If the PDG tables do not have it.
    """
    try:
        code = GEANT4_NAMES.get(str(particle)) or int(particle)
        found = Particle.from_pdgid(code)
    except (ValueError, InvalidParticle, ParticleNotFound):
        raise ValueError(
            f"unknown particle {particle!r}; give a PDG code or one of {', '.join(GEANT4_NAMES)}"
        ) from None
    if found.mass is None and code != 22:
        raise ValueError(f"the PDG tables have no mass for particle {particle!r}")
    mass, charge = mass_and_charge(np.array([code]), "species")[0]
    return Species(
        pdg=code,
        name=found.name,
        mass_mev=float(mass),
        charge_thirds=int(charge),
        ctau_cm=proper_decay_length(code),
    )
