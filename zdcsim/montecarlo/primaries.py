"""Primary particles: what is to be simulated, before Geant4 sees it.

Axis key: N particles.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import NAMES


@dataclass(frozen=True)
class Primaries:
    """Particles with the nine conditions, in O2's order and units.

    Arguments:
        pdg: PDG codes, shape (N,).
        conditions: Shape (N, 9).
    """

    pdg: NDArray[np.int32]
    conditions: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pdg)

    @classmethod
    def none(cls) -> "Primaries":
        """No particle."""
        return cls(np.empty(0, np.int32), np.empty((0, len(NAMES)), np.float32))

    def first(self, n: int) -> "Primaries":
        """The first n particles."""
        return Primaries(self.pdg[:n], self.conditions[:n])
