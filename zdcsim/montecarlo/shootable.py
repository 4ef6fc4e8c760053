"""Which primaries Geant4 can shoot; without Geant4, as far as that can be known."""

import numpy as np
from numpy.typing import NDArray

FIRST_NUCLEUS = 1_000_000_000
"""PDG codes of nuclei are not smaller."""
LIGHT_NUCLEI = {
    1000010020: "deuteron",
    1000010030: "triton",
    1000020030: "He-3",
    1000020040: "alpha",
}
"""Those that Geant4's particle table holds, with their antinuclei.

Geant4 11.4 with our physics lists; heavier ones it makes when a process asks for them.
"""


class CannotSimulate(ValueError):
    """Geant4 refuses something, and will refuse it the next time."""


class CannotShoot(CannotSimulate):
    """Geant4 does not have a primary."""


def check_shootable(pdg: NDArray[np.integer]) -> None:
    """Refuse nuclei that Geant4 does not have, before anything is simulated.

    Arguments:
        pdg: Codes of primaries, shape (N,).

    Raises:
        CannotShoot: If one is such a nucleus.
    """
    codes = np.unique(np.abs(pdg.astype(np.int64)))
    absent = [int(code) for code in codes if code >= FIRST_NUCLEUS and code not in LIGHT_NUCLEI]
    if absent:
        known = ", ".join(f"{code} ({name})" for code, name in LIGHT_NUCLEI.items())
        raise CannotShoot(
            f"Geant4 has no nucleus {absent[0]} to shoot; choose another particle, of nuclei one "
            f"of {known} or their antinuclei"
        )
