"""The way from noise to data that flow matching and diffusion have in common.

At a time t the network sees the mixture a x + b z of data x and noise z and is asked for c x + d z:
how the four numbers go with t makes the difference between the methods. What follows from them,
mixing, unmixing and the scaling of the network, is written here once.

Axis key: B rows, M numbers a row (fibres or latent numbers).
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn


class PathPoint(NamedTuple):
    """The path at one time of each row; all of shape (B, 1).

    Attributes:
        a: Share of the data in the mixture.
        b: Share of the noise in the mixture.
        c: Share of the data in what the network is asked for.
        d: Share of the noise in it.
    """

    a: Tensor
    b: Tensor
    c: Tensor
    d: Tensor

    def mixture(self, data: Tensor, noise: Tensor) -> Tensor:
        """What the network sees, shape (B, M)."""
        return self.a * data + self.b * noise

    def target(self, data: Tensor, noise: Tensor) -> Tensor:
        """What the network is asked for, shape (B, M)."""
        return self.c * data + self.d * noise

    def unmixed(self, mixture: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Data and noise, each (B, M), from what is seen and what is found."""
        determinant = self.a * self.d - self.b * self.c
        data = (self.d * mixture - self.b * target) / determinant
        noise = (self.a * target - self.c * mixture) / determinant
        return data, noise

    def scaling(self, spread: float) -> "Scaling":
        """How to scale a network for data of standard deviation `spread`.

        Source:
            T. Karras et al., https://arxiv.org/abs/2206.00364, appendix B.6, for any target: the
            linear regression of the target on the mixture, and what it leaves.
        """
        variance = self.a * self.a * spread**2 + self.b * self.b
        deviation = torch.sqrt(variance)
        left = torch.abs(self.c * self.b - self.d * self.a) * spread / deviation
        return Scaling(
            inward=1 / deviation,
            skip=(self.c * self.a * spread**2 + self.d * self.b) / variance,
            outward=left,
        )


class Scaling(NamedTuple):
    """A network F of unit numbers becomes skip m + outward F(inward m); all of shape (B, 1)."""

    inward: Tensor
    skip: Tensor
    outward: Tensor


class NoisePath(nn.Module, ABC):
    """Maps times to points; time 0 is noise and 1 is data."""

    @abstractmethod
    def at(self, time: Tensor) -> PathPoint:
        """The point at times between 0 and 1, shape (B, 1)."""

    @abstractmethod
    def drawn(self, uniform: Tensor) -> Tensor:
        """Times to train at, shape (B, 1), from uniform numbers in [0, 1), shape (B, 1)."""


class LinearPath(NoisePath):
    """The straight line between noise and data; the network finds the velocity x - z.

    Arguments:
        latest: Training times end here.

    Source:
        Y. Lipman et al., https://arxiv.org/abs/2210.02747; the interval of times of
        https://arxiv.org/abs/2507.18811.
    """

    def __init__(self, latest: float = 0.99) -> None:
        super().__init__()
        self.latest = latest

    def at(self, time: Tensor) -> PathPoint:
        """t, 1 - t, 1 and -1; see `NoisePath.at`."""
        one = torch.ones_like(time)
        return PathPoint(time, 1 - time, one, -one)

    def drawn(self, uniform: Tensor) -> Tensor:
        """Uniform up to `latest`; see `NoisePath.drawn`."""
        return self.latest * uniform
