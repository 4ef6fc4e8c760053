"""What each expert of a mixture is given: how many particles, of which energy, light, place, kind.

Axis key: N responses, E experts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from particle import InvalidParticle, Particle, ParticleNotFound

from zdcsim.conditions import ENERGY
from zdcsim.response import Responses

QUANTILES = (0.16, 0.5, 0.84)


@dataclass(frozen=True)
class Specialisation:
    """The particles of one expert, and the Monte Carlo's responses to them.

    A quantile triple holds the 16th, 50th and 84th per cent; an expert without particles has none.

    Attributes:
        share: Of all responses.
        energy: Quantiles of the energy, GeV.
        photon_sum: Quantiles of the photo-electrons of a response.
        distance: Quantiles of the impact's distance from the centre of the face, cm.
        species: Share of each PDG name among the expert's responses, the largest first.
    """

    share: float
    energy: tuple[float, ...]
    photon_sum: tuple[float, ...]
    distance: tuple[float, ...]
    species: dict[str, float]


def specialisation(
    responses: Responses,
    chosen: NDArray[np.integer],
    experts: int,
    impacts: NDArray[np.float64],
) -> list[Specialisation]:
    """One entry for every expert.

    Arguments:
        responses: Monte Carlo.
        chosen: Expert of every response's particle, shape (N,).
        experts: How many there are.
        impacts: Where the particles hit, cm from the centre of the face, shape (N, 2).

    Raises:
        ValueError: If there is not one choice for every response.
    """
    if chosen.shape != (len(responses),) or not ((chosen >= 0) & (chosen < experts)).all():
        raise ValueError(
            f"{len(responses)} responses need as many choices between 0 and {experts - 1}; "
            f"got an array of shape {chosen.shape}"
        )
    distance = np.linalg.norm(impacts, axis=1)
    light = responses.photon_sum()
    return [
        Specialisation(
            share=float(mine.mean()),
            energy=_quantiles(responses.conditions[mine, ENERGY]),
            photon_sum=_quantiles(light[mine]),
            distance=_quantiles(distance[mine]),
            species=_species(responses.pdg[mine]),
        )
        for mine in (chosen == k for k in range(experts))
    ]


def _quantiles(values: NDArray[np.number]) -> tuple[float, ...]:
    return tuple(np.quantile(values, QUANTILES).tolist()) if len(values) else ()


def _species(pdg: NDArray[np.int32]) -> dict[str, float]:
    codes, counts = np.unique(pdg, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {species_name(int(codes[i])): float(counts[i] / len(pdg)) for i in order}


def species_name(pdg: int) -> str:
    """Name of the PDG code, or the code where it has none."""
    try:
        return str(Particle.from_pdgid(pdg).name)
    except (InvalidParticle, ParticleNotFound):
        return str(pdg)
