"""A network that moves noise to data along a path, given the particle.

Axis key: B rows, M numbers a row, 9 conditions.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from zdcsim.models.denoiser import Denoiser, Known, unknown
from zdcsim.models.noise_path import NoisePath


class Transport(nn.Module, ABC):
    """Path and network; how it is followed is the family's.

    Arguments:
        denoiser: The network.
        path: From noise to data.
        spread: Standard deviation of the data, to scale the network.
    """

    def __init__(self, denoiser: Denoiser, path: NoisePath, spread: float) -> None:
        super().__init__()
        self.denoiser, self.path, self.spread = denoiser, path, spread

    def found(self, mixture: Tensor, time: Tensor, known: Known) -> Tensor:
        """What the path asks for, shape (B, M), of mixtures (B, M) at times (B, 1)."""
        scaling = self.path.at(time).scaling(self.spread)
        unit = self.denoiser(scaling.inward * mixture, time, known)
        found: Tensor = scaling.skip * mixture + scaling.outward * unit
        return found

    @abstractmethod
    def follow(self, noise: Tensor, known: Known) -> Tensor:
        """Data, shape (B, M), from standard normal noise (B, M)."""

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Data, shape (B, M), from noise (B, M) and conditions in O2's units, shape (B, 9)."""
        return self.follow(noise, self.denoiser.known(conditions))


class GuidedTransport(Transport):
    """Follows what is found with the particle, away from what is found without.

    Arguments:
        denoiser: The network.
        path: From noise to data.
        spread: Standard deviation of the data.
        guidance: How far away, w in (1 + w) with - w without; 0 is none, and the only value that
            leaves the distribution as it is. Needs a training that hides some particles.

    Source:
        J. Ho, T. Salimans, https://arxiv.org/abs/2207.12598, equation 6.
    """

    def __init__(
        self, denoiser: Denoiser, path: NoisePath, spread: float, guidance: float = 0.0
    ) -> None:
        super().__init__(denoiser, path, spread)
        self.guidance = guidance

    def guided(self, mixture: Tensor, time: Tensor, known: Known) -> Tensor:
        """`found`, guided; same arguments."""
        found = self.found(mixture, time, known)
        if not self.guidance:
            return found
        nothing = unknown(known, torch.zeros_like(mixture[:, 0]))
        return found + self.guidance * (found - self.found(mixture, time, nothing))
