"""The deterministic sampler of diffusion models.

Axis key: B rows, M numbers a row.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from zdcsim.models.noise_path import NoisePath


def ddim(
    found: Callable[[Tensor, Tensor], Tensor], path: NoisePath, noise: Tensor, steps: int
) -> Tensor:
    """Data, shape (B, M): at each step what is found is unmixed and mixed again with less noise.

    Times are 0, 1 / S, ..., (S - 1) / S ("trailing" spacing: the first is all noise); after the
    last the data themselves are taken. Times have one row, see `ode_sampler.integrated`.

    Arguments:
        found: What the path asks for, of mixtures (B, M) at a time (1, 1), shape (B, M).
        path: From noise to data.
        noise: Standard normal, shape (B, M).
        steps: S.

    Source:
        J. Song, C. Meng, S. Ermon, https://arxiv.org/abs/2010.02502, equation 12 with sigma = 0.
    """
    mixture = data = noise
    for step in range(steps):
        now = torch.full((1, 1), step / steps, dtype=noise.dtype, device=noise.device)
        data, left = path.at(now).unmixed(mixture, found(mixture, now))
        mixture = path.at(now + 1 / steps).mixture(data, left)
    return data
