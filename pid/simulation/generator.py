"""Particles of proton-proton collisions from Sibyll 2.3d, through chromo.

Of the generators that chromo brings without data files to download, Sibyll 2.3d is the fastest and
has kaon and proton yields next to those measured (K/pi 0.12 and p/pi 0.07 at mid-rapidity).

Axis key: N particles.

Source: F. Riehn et al., Phys. Rev. D 102 (2020) 063002.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from chromo.models import Sibyll23d

ETA_MAX: Final = 1.5
"""Particles at larger |pseudorapidity| have no decay products in the acceptance worth keeping."""


@dataclass(frozen=True)
class Generated:
    """Particles that leave collisions: codes (N,), momenta GeV/c (N, 3), collision index (N,)."""

    pdg: NDArray[np.int32]
    momentum: NDArray[np.float64]
    event: NDArray[np.int64]


def generate(sqrt_s_gev: float, events: int, seed: int) -> Generated:
    """Final particles near mid-rapidity of some inelastic collisions.

    Arguments:
        sqrt_s_gev: Centre-of-mass energy.
        events: Number of collisions.
        seed: Same seed, same collisions, whatever this process generated before.

    Returns:
        Charged and neutral particles; those that fly millimetres or more are not decayed.
    """
    sibyll = _sibyll(sqrt_s_gev)
    sibyll.random_state = np.random.PCG64(seed).state
    codes, momenta, counts = [], [], []
    with silent():
        for event in sibyll(events):
            final = event.final_state()
            momentum = np.stack([final.px, final.py, final.pz], axis=1)
            pt = np.hypot(final.px, final.py)
            near = np.abs(final.pz) < pt * np.sinh(ETA_MAX)
            codes.append(final.pid[near])
            momenta.append(momentum[near])
            counts.append(int(near.sum()))
    return Generated(
        pdg=np.concatenate(codes).astype(np.int32),
        momentum=np.concatenate(momenta),
        event=np.repeat(np.arange(events), counts),
    )


@cache
def _sibyll(sqrt_s_gev: float) -> "Sibyll23d":
    """The one Sibyll that a process may have."""
    from chromo.kinematics import CenterOfMass
    from chromo.models import Sibyll23d

    with silent():
        return Sibyll23d(CenterOfMass(sqrt_s_gev, "proton", "proton"), seed=1)


@contextmanager
def silent() -> Iterator[None]:
    """Keep what Sibyll's Fortran writes to standard output from the screen."""
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
