"""What flow matching and diffusion ask of a network.

Axis key: B rows, M numbers a row, 9 conditions.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

WAVES = 6
TIME_FEATURES = 2 * WAVES

Known = tuple[Tensor, ...]
"""What a network has computed of its particles, once for all times; the first axis is B."""


class Denoiser(nn.Module, ABC):
    """A mixture of data and noise, its time and its particle to unit numbers."""

    @abstractmethod
    def known(self, conditions: Tensor) -> Known:
        """What is known of particles, from conditions in O2's units, shape (B, 9)."""

    @abstractmethod
    def forward(self, mixture: Tensor, time: Tensor, known: Known) -> Tensor:
        """What is left to find, of order 1, shape (B, M).

        Arguments:
            mixture: Of unit variance, shape (B, M).
            time: 0 is noise and 1 is data, shape (B, 1), or (1, 1) for all rows.
            known: As `known` gives it, or all zero where nothing shall be known.
        """


def time_features(time: Tensor) -> Tensor:
    """Sines and cosines of pi 2^k t for six k, shape (B, 12), of times (B, 1)."""
    angles = torch.cat([time * (math.pi * 2**k) for k in range(WAVES)], 1)
    return torch.cat([torch.sin(angles), torch.cos(angles)], 1)


def unknown(known: Known, keep: Tensor) -> Known:
    """The same, with zeros for the rows where `keep`, shape (B,), is 0."""
    return tuple(each * keep.reshape(-1, *[1] * (each.ndim - 1)) for each in known)
