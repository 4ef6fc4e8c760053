"""Events of many particles: the response of a calorimeter is the sum of its particles' responses.

Axis key: N responses, M events, Nx by Ny fibres.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import PZ
from zdcsim.response import Responses


@dataclass(frozen=True)
class EventSums:
    """Summed responses, one for every event, copy and side with a particle.

    Arguments:
        event: Number of the collision, shape (M,).
        copy: Which of the independent showers of each particle, shape (M,).
        towards_a: Whether it is the calorimeter on the A side, shape (M,).
        particles: How many responses are in the sum, shape (M,).
        photons: Photo-electrons of every fibre, shape (M, Nx, Ny).
    """

    event: NDArray[np.int64]
    copy: NDArray[np.int64]
    towards_a: NDArray[np.bool_]
    particles: NDArray[np.int64]
    photons: NDArray[np.int64]


def event_sums(responses: Responses, event: NDArray[np.integer]) -> EventSums:
    """Add up the responses of each event.

    Arguments:
        responses: Of single particles.
        event: The collision each belongs to, shape (N,) (`zdcsim.io.tree.read_event`). Of a file
            with a given number of particles the last event is incomplete.

    Raises:
        ValueError: If the lengths differ.
    """
    if event.shape != (len(responses),):
        raise ValueError(
            f"{len(responses)} responses need as many event numbers; got shape {event.shape}"
        )
    towards_a = responses.conditions[:, PZ] > 0
    keys = np.stack([event, copies(responses.particle), towards_a], axis=1).astype(np.int64)
    found, group, particles = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    fibres = responses.calorimeter.nx * responses.calorimeter.ny
    place = np.repeat(group.reshape(-1), np.diff(responses.offsets)) * fibres + responses.pixels
    photons = np.bincount(place, weights=responses.counts, minlength=len(found) * fibres)
    return EventSums(
        event=found[:, 0],
        copy=found[:, 1],
        towards_a=found[:, 2].astype(bool),
        particles=particles.astype(np.int64),
        photons=np.rint(photons).astype(np.int64).reshape(-1, *responses.calorimeter.shape),
    )


def copies(particle: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many earlier responses are of the same particle, shape (N,)."""
    order = np.argsort(particle, kind="stable")
    first = np.searchsorted(particle[order], particle[order])
    number = np.empty(len(particle), np.int64)
    number[order] = np.arange(len(particle)) - first
    return number
