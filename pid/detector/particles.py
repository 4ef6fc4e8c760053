"""What enters the detector: charged particles and the collisions they come from.

Lengths in cm, momenta in GeV/c, times in ps, ALICE's frame (z along the beam).

Axis key: N particles, E collisions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pid.species import HYPOTHESES, charge_of


@dataclass(frozen=True)
class Particles:
    """Charged particles where they are made.

    Arguments:
        pdg: PDG codes, shape (N,).
        momentum: px, py, pz, shape (N, 3).
        origin: Where each is made, relative to its collision's vertex, shape (N, 3).
        end_cm: Transverse radius at which each decays, shape (N,); infinite if it does not.
        event: Index of the collision in its block, shape (N,).
        primary: Whether each is a physical primary, shape (N,).
    """

    pdg: NDArray[np.int32]
    momentum: NDArray[np.float64]
    origin: NDArray[np.float64]
    end_cm: NDArray[np.float64]
    event: NDArray[np.int64]
    primary: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.pdg)

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.integer]) -> "Particles":
        """The particles of a mask or of indices."""
        return Particles(*(getattr(self, part.name)[chosen] for part in fields(self)))

    @property
    def charge(self) -> NDArray[np.float64]:
        """+1 or -1, shape (N,); negative PDG codes of leptons are the positive ones."""
        return charge_of(self.pdg).astype(np.float64)

    @property
    def mass(self) -> NDArray[np.float64]:
        """GeV/c2, shape (N,).

        Raises:
            ValueError: If a particle is none of electron, muon, pion, kaon and proton.
        """
        mass = np.full(len(self), np.nan)
        for species in HYPOTHESES:
            mass[np.abs(self.pdg) == species.pdg] = species.mass
        if np.isnan(mass).any():
            unknown = int(self.pdg[np.isnan(mass)][0])
            raise ValueError(
                f"the detector knows no response to PDG code {unknown}; give it electrons, muons, "
                "pions, kaons and protons"
            )
        return mass


@dataclass(frozen=True)
class Collisions:
    """Collisions of one block.

    Arguments:
        vertex: Shape (E, 3), cm.
        time: True time of each collision, ps, shape (E,).
        measured_time: What the start detectors say, ps, shape (E,).
        time_error: Its standard deviation, ps, shape (E,).
    """

    vertex: NDArray[np.float64]
    time: NDArray[np.float64]
    measured_time: NDArray[np.float64]
    time_error: NDArray[np.float64]


def together(parts: Sequence[Particles]) -> Particles:
    """Particles of several parts, ordered by collision."""
    joined = Particles(
        *(np.concatenate([getattr(p, part.name) for p in parts]) for part in fields(Particles))
    )
    return joined.select(np.argsort(joined.event, kind="stable"))
