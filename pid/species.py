"""The particle species that are told apart, and how models of one species are named.

Axis key: N tracks.

Source: R. L. Workman et al. (PDG), Prog. Theor. Exp. Phys. 2022, 083C01 (masses);
O2Physics, Tools/PIDML/pidOnnxModel.h (names of models).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Species:
    """A particle and its antiparticle.

    Arguments:
        name: As in text and tables.
        label: As O2 ends its columns: fTPCNSigmaPi.
        pdg: PDG code of the positive particle; of the negative one for leptons, as PDG has it.
        mass: GeV/c2.
    """

    name: str
    label: str
    pdg: int
    mass: float


PION: Final = Species("pi", "Pi", 211, 0.13957039)
KAON: Final = Species("K", "Ka", 321, 0.493677)
PROTON: Final = Species("p", "Pr", 2212, 0.93827209)
ELECTRON: Final = Species("e", "El", 11, 0.00051099895)
MUON: Final = Species("mu", "Mu", 13, 0.1056583755)

CLASSES: Final = (PION, KAON, PROTON, ELECTRON)
"""The four classes, in the order of the four-class contract."""

HYPOTHESES: Final = (ELECTRON, MUON, PION, KAON, PROTON)
"""The masses for which O2 computes n-sigma, in the order of the producer's columns."""

TARGETS: Final = (211, 321, 2212, 11, -211, -321, -2212, -11)
"""PDG codes that have a one-vs-rest score each; the order of such scores everywhere."""


def class_of(pdg: NDArray[np.integer]) -> NDArray[np.int64]:
    """Index into CLASSES of each PDG code, shape (N,); -1 for muons, nuclei and all others."""
    found = np.full(np.shape(pdg), -1, np.int64)
    for index, species in enumerate(CLASSES):
        found[np.abs(pdg) == species.pdg] = index
    return found


def charge_of(pdg: NDArray[np.integer]) -> NDArray[np.int64]:
    """+1 or -1 of each charged particle's PDG code; of leptons the negative codes are positive."""
    lepton = np.isin(np.abs(pdg), (ELECTRON.pdg, MUON.pdg))
    return np.where((pdg > 0) ^ lepton, np.int64(1), np.int64(-1))


def model_label(pdg: int) -> str:
    """The code as it stands in O2's file names: 211, and 0211 for its antiparticle.

    Raises:
        ValueError: If the code is none of TARGETS.
    """
    if pdg not in TARGETS:
        known = ", ".join(map(str, TARGETS))
        raise ValueError(f"there is no model for PDG code {pdg}; expected one of {known}")
    return f"0{-pdg}" if pdg < 0 else str(pdg)
