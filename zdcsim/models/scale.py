"""The post-processing constant: every response of a generator times one number.

https://arxiv.org/abs/2306.13606; with it the publications bring the channel sums of a generator
nearest to those of the Monte Carlo. It multiplies photo-electrons (some published code multiplies
their logarithm) and is fitted on training responses, see `zdcsim.training.scale`.

Axis key: B particles, Z noise numbers, 9 conditions, Nx by Ny fibres.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from zdcsim.models.corrvae import CorrVaeGenerator
from zdcsim.models.expertsim import ExpertSimGenerator
from zdcsim.models.generator import Generator
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.shower_vae import ShowerGenerator


@dataclass(frozen=True)
class FittedScale:
    """A fitted constant and what it was worth.

    Attributes:
        factor: The constant.
        responses: Training responses it was fitted on.
        distance_before: Mean Wasserstein distance of the channel sums to them without it,
            photo-electrons.
        distance_after: The same with it.
    """

    factor: float
    responses: int
    distance_before: float
    distance_after: float


class ScaledGenerator(Generator):
    """Another generator's photo-electrons times a factor.

    Arguments:
        generator: Must not draw whole counts.
        factor: Positive.
    """

    def __init__(self, generator: Generator, factor: float) -> None:
        super().__init__(generator.calorimeter, generator.noise_size)
        self.own_noise = generator.own_noise
        self.generator, self.factor = generator, factor
        self.scaler = generator.scaler

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Log photons, shape (B, Nx, Ny); see `Generator.forward`."""
        return torch.log(1 + self.factor * (torch.exp(self.generator(noise, conditions)) - 1))


def scaled(generator: Generator, factor: float) -> Generator:
    """A copy of a generator with `factor` times its light.

    Of drawn counts the expected light is scaled, as counts times a number are no counts.

    Raises:
        ValueError: If the factor is not positive, or the generator draws counts in a way that is
            not known here.
    """
    if not factor > 0:
        raise ValueError(f"a scale of light must be positive; got {factor}")
    changed = copy.deepcopy(generator)
    if isinstance(changed, CorrVaeGenerator | LatentGenerator):
        changed.decoder = scaled(changed.decoder, factor)
        if isinstance(changed, CorrVaeGenerator):
            changed.head.scale.brighten(factor)
        return changed
    if isinstance(changed, ExpertSimGenerator):
        for k, expert in enumerate(changed.experts):
            assert isinstance(expert, Generator)
            changed.experts[k] = ScaledGenerator(expert, factor)
        return changed
    if isinstance(changed, ShowerGenerator):
        changed.per_tev *= factor
        return changed
    if changed.draws_counts:
        raise ValueError(f"the light of a {type(generator).__name__} cannot be scaled")
    return ScaledGenerator(changed, factor)
