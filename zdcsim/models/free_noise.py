"""Generators that are given every random number they use.

For O2, `FibreNoise` makes a number for every fibre out of ten. Where a caller can draw as many as
are wanted they are given instead, after the generator's own: nothing is expanded, no table limits
how many different responses there are, and no normal number ends at four standard deviations.

Axis key: B responses, Z noise numbers, M fibres.
"""

import copy
import math

import torch
from torch import Tensor, nn

from zdcsim.models.fibre_noise import FibreNoise
from zdcsim.models.generator import Generator


class GivenNoise(nn.Module):
    """The last M noise numbers of a response, in place of those that `FibreNoise` makes.

    Arguments:
        size: M.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Uniform numbers and their normal quantiles, each (B, 1, M), of normal noise (B, Z)."""
        normal = noise[:, None, -self.size :]
        return 0.5 * (1 + torch.erf(normal / math.sqrt(2))), normal


def freed(generator: Generator) -> Generator:
    """A copy whose noise is nowhere expanded.

    Its `noise_size` is that of the generator's own numbers, `own_noise`, and one for every fibre if
    the family uses any; the own ones come first, fibre (x, y) at Ny * x + y after them.
    """
    free, fibres = copy.deepcopy(generator), 0
    for network in list(free.modules()):
        for name, part in list(network.named_children()):
            if isinstance(part, FibreNoise):
                setattr(network, name, GivenNoise(part.size))
                fibres = part.size
    for part in free.modules():
        if isinstance(part, Generator):  # the decoder inside another generator gets all of it too
            part.noise_size = part.own_noise + fibres
    return free
