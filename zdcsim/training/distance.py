"""How far a generator is from the responses that validate it.

Axis key: N validation responses, Nx by Ny fibres, 5 channels.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from zdcsim.channels import channel_sums
from zdcsim.models.generator import Generator
from zdcsim.response import Sample
from zdcsim.wasserstein import w1

CHUNK = 256


def distance_to(validation: Sample, generator: Generator, draws: int) -> Callable[[], float]:
    """A function that gives the mean Wasserstein-1 distance of the five O2 channel sums.

    Every draw gives each validation particle one response, rounded to whole counts, so both
    samples have the same size; the distance is averaged over the draws, whose noise is always
    the same.
    """
    starts = range(0, len(validation), CHUNK)
    parts = (validation.dense(slice(start, start + CHUNK)) for start in starts)
    truth = np.concatenate([channel_sums(part, validation.calorimeter, "o2") for part in parts])

    def distance() -> float:
        found = (_sums(validation, generator, draw) for draw in range(draws))
        per_draw = [
            np.mean([w1(sums[:, channel], truth[:, channel]) for channel in range(truth.shape[1])])
            for sums in found
        ]
        return float(np.mean(per_draw))

    return distance


def _sums(validation: Sample, generator: Generator, seed: int) -> NDArray[np.float64]:
    device = generator.scaler.mean.device
    rng = torch.Generator(device).manual_seed(seed)
    conditions = torch.from_numpy(validation.conditions).to(device)
    chunks = []
    for part in torch.split(conditions, CHUNK):
        photons = torch.expm1(generator.sample(part, rng).float()).round().cpu().numpy()
        chunks.append(channel_sums(photons, validation.calorimeter, "o2"))
    return np.concatenate(chunks)
