"""Which functions build and train each family of generators."""

from collections.abc import Callable
from typing import Any, NamedTuple

from detcore.distributed import Processes
from zdcsim.models.generator import Generator
from zdcsim.response import Sample
from zdcsim.training.config import GeneratorExperiment, SdiGanExperiment, ShowerVaeExperiment
from zdcsim.training.parts import Parts
from zdcsim.training.sdi_gan import build_sdi_gan_generator, sdi_gan_parts
from zdcsim.training.shower_vae import build_shower_generator, shower_vae_parts


class Family(NamedTuple):
    """A family's two functions; each takes the family's own kind of experiment first.

    Attributes:
        build: The generator with fresh weights and an unfitted scaler.
        parts: Objective, batches and validation for a sample.
    """

    build: Callable[[Any], Generator]
    parts: Callable[[Any, Sample, Processes], Parts]


GENERATORS: dict[type[GeneratorExperiment], Family] = {
    SdiGanExperiment: Family(build_sdi_gan_generator, sdi_gan_parts),
    ShowerVaeExperiment: Family(build_shower_generator, shower_vae_parts),
}


def build_generator(experiment: GeneratorExperiment) -> Generator:
    """The generator with fresh weights and an unfitted scaler."""
    return GENERATORS[type(experiment)].build(experiment)


def generator_parts(
    experiment: GeneratorExperiment, responses: Sample, processes: Processes
) -> Parts:
    """Objective, batches and validation.

    Raises:
        ValueError: If the sample does not fit the settings.
    """
    return GENERATORS[type(experiment)].parts(experiment, responses, processes)
