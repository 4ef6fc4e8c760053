"""What every generator of responses promises.

Axis key: B particles, Z noise numbers, 9 conditions, Nx by Ny fibres.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from zdcsim.geometry import Calorimeter
from zdcsim.models.scaler import ConditionScaler

NOISE_SIZE = 10  # O2 draws exactly ten numbers a particle


class Generator(nn.Module, ABC):
    """A conditional sampler of one calorimeter's responses.

    `forward` is the graph that O2 runs. All randomness enters through its noise, so the same
    function trains, samples and exports.

    Attributes:
        calorimeter: The detector it imitates; fixes Nx and Ny.
        noise_size: Standard normal numbers it takes for a particle.
        own_noise: Those of them, the first, that it uses as they are; numbers for the fibres are
            made of the noise by `FibreNoise`.
        scaler: The scaling its conditions must have gone through.
        draws_counts: Whether `forward` itself draws whole counts. Two runtimes that differ in the
            last digit of the expected light may then differ by one in a count.
    """

    draws_counts: bool = False

    def __init__(self, calorimeter: Calorimeter, noise_size: int = NOISE_SIZE) -> None:
        super().__init__()
        self.calorimeter = calorimeter
        self.noise_size = self.own_noise = noise_size
        self.scaler = ConditionScaler()

    @abstractmethod
    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Log photons, deterministic given the noise.

        Arguments:
            noise: Standard normal, shape (B, Z).
            conditions: Scaled by `scaler`, shape (B, 9).

        Returns:
            log1p of photo-electrons per fibre, rounded only if `draws_counts`, shape (B, Nx, Ny).
        """

    def counts(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Photo-electrons instead of their logarithm, shape (B, Nx, Ny); arguments of `forward`.

        Whole if the generator draws counts.
        """
        return torch.exp(self(noise, conditions)) - 1

    def own(self, noise: Tensor) -> Tensor:
        """The generator's own of the noise numbers (B, Z); no node of a graph if they are all."""
        return noise if self.own_noise == self.noise_size else noise[:, : self.own_noise]

    @torch.no_grad()
    def sample(self, conditions: Tensor, rng: torch.Generator) -> Tensor:
        """Log photons of one response for every particle, shape (B, Nx, Ny).

        Arguments:
            conditions: In O2's units, shape (B, 9).
            rng: Source of the noise; its device must be that of the conditions.
        """
        noise = torch.randn(
            len(conditions), self.noise_size, generator=rng, device=conditions.device
        )
        log_photons: Tensor = self(noise, self.scaler(conditions))
        return log_photons
