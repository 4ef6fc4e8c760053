"""A small Glauber Monte Carlo: which nucleons of two lead nuclei collide.

Axis key: E events, A nucleons of a nucleus.

Source: M. L. Miller et al., Ann. Rev. Nucl. Part. Sci. 57 (2007) 205 (the model); H. De Vries,
C. W. De Jager and C. De Vries, At. Data Nucl. Data Tables 36 (1987) 495 (the density of 208Pb);
ALICE, arXiv:2204.10148 (cross sections); C. Loizides, J. Kamin and D. d'Enterria, Phys. Rev. C 97
(2018) 054910 (their dependence on energy).
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

MASS_NUMBER = 208
CHARGE_NUMBER = 82
RADIUS_FM = 6.624
SKIN_DEPTH_FM = 0.549
LARGEST_RADIUS_FM = 15.0
"""Beyond, the density is less than 1e-6 of the centre's."""
NUCLEON_CROSS_SECTION_FM2 = 6.8
"""Inelastic, of two nucleons at 5.36 TeV in their centre of mass (68 mb)."""
NUCLEUS_CROSS_SECTION_FM2 = 767.0
"""Hadronic, of two lead nuclei (7.67 b), which turns a centrality into an impact parameter."""
DENSITY_POINTS = 4096


@dataclass(frozen=True)
class Overlap:
    """Collisions of two lead nuclei.

    Arguments:
        impact_fm: Impact parameters, shape (E,).
        participants: Nucleons that collided, of the nucleus that flies to A and of the one that
            flies to C, shape (E, 2).
        protons: Protons among those that did not, shape (E, 2).
    """

    impact_fm: NDArray[np.float64]
    participants: NDArray[np.int64]
    protons: NDArray[np.int64]

    @property
    def neutrons(self) -> NDArray[np.int64]:
        """Neutrons that did not collide, shape (E, 2)."""
        return MASS_NUMBER - self.participants - self.protons


def impact_range_fm(centrality: tuple[float, float]) -> tuple[float, float]:
    """Impact parameters of a range of centrality, per cent of the cross section; 0 is central.

    Geometry alone: the share of the cross section below b is pi b^2 over the whole.

    Source: W. Broniowski and W. Florkowski, Phys. Rev. C 65 (2002) 024905.

    Raises:
        ValueError: If the range is empty or leaves 0 to 100.
    """
    low, high = centrality
    if not 0 <= low < high <= 100:
        raise ValueError(
            f"centrality must be a range within 0 to 100 per cent; got {low} to {high}"
        )
    below, above = (
        math.sqrt(NUCLEUS_CROSS_SECTION_FM2 * percent / 100 / math.pi) for percent in (low, high)
    )
    return below, above


def centrality(impact_fm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centrality of impact parameters, per cent, of any shape; the inverse of `impact_range_fm`."""
    return np.asarray(100 * math.pi * impact_fm**2 / NUCLEUS_CROSS_SECTION_FM2)


def collide(events: int, centrality: tuple[float, float], rng: np.random.Generator) -> Overlap:
    """Hadronic collisions, impact parameters uniform in area; those without any hit are redrawn."""
    low, high = impact_range_fm(centrality)
    impact, participants, protons = np.empty(events), *np.empty((2, events, 2), np.int64)
    for event in range(events):
        hit = np.zeros((2, 0), bool)
        while not hit.any():
            impact[event] = math.sqrt(rng.uniform(low**2, high**2))
            hit = collided(nucleus(rng), nucleus(rng), impact[event])
        participants[event] = hit.sum(axis=1)
        protons[event] = [
            np.sum(~struck[rng.permutation(MASS_NUMBER)[:CHARGE_NUMBER]]) for struck in hit
        ]
    return Overlap(impact, participants, protons)


def nucleus(rng: np.random.Generator) -> NDArray[np.float64]:
    """Transverse positions of the nucleons around the centre of the nucleus, fm, shape (A, 2)."""
    radius = np.interp(rng.uniform(size=MASS_NUMBER), *cumulative_density())
    cosine = rng.uniform(-1, 1, MASS_NUMBER)
    azimuth = rng.uniform(0, 2 * math.pi, MASS_NUMBER)
    across = radius * np.sqrt(1 - cosine**2)
    return np.stack([across * np.cos(azimuth), across * np.sin(azimuth)], axis=1)


def collided(a: NDArray[np.float64], b: NDArray[np.float64], impact_fm: float) -> NDArray[np.bool_]:
    """Which nucleons come closer to one of the other nucleus than black discs would, shape (2, A).

    Arguments:
        a: Transverse positions in one nucleus, shape (A, 2).
        b: In the other, whose centre is moved along x.
        impact_fm: The distance of the centres.
    """
    x = a[:, 0, None] - b[None, :, 0] - impact_fm
    y = a[:, 1, None] - b[None, :, 1]
    close = x * x + y * y < NUCLEON_CROSS_SECTION_FM2 / math.pi
    return np.stack([close.any(axis=1), close.any(axis=0)])


def woods_saxon(radius_fm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Density of nucleons relative to the centre's."""
    return np.asarray(1 / (1 + np.exp((radius_fm - RADIUS_FM) / SKIN_DEPTH_FM)))


@cache
def cumulative_density() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of the nucleons within a radius, from 0 to 1, and the radii, fm."""
    radius = np.linspace(0, LARGEST_RADIUS_FM, DENSITY_POINTS)
    middle = (radius[1:] + radius[:-1]) / 2
    within = np.concatenate([[0.0], np.cumsum(middle**2 * woods_saxon(middle))])
    return within / within[-1], radius
