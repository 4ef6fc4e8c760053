"""Which functions build and train each family of generators."""

from collections.abc import Callable
from typing import Any, NamedTuple

from detcore.distributed import Processes
from zdcsim.models.generator import Generator
from zdcsim.response import Sample
from zdcsim.training.conv_vae import ConvVaeExperiment, build_conv_vae, conv_vae_parts
from zdcsim.training.corrvae import CorrVaeExperiment, build_corrvae, corrvae_parts
from zdcsim.training.denoising import (
    DiffusionExperiment,
    FlowMatchingExperiment,
    build_diffusion,
    build_flow_matching,
    diffusion_parts,
    flow_matching_parts,
)
from zdcsim.training.distilled import (
    DistilledFlowExperiment,
    DistilledLatentFlowExperiment,
    build_distilled_flow,
    build_distilled_latent_flow,
    distilled_flow_parts,
    distilled_latent_flow_parts,
)
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.expertsim import (
    ExpertSimExperiment,
    build_expertsim_generator,
    expertsim_parts,
)
from zdcsim.training.latent import (
    LatentDiffusionExperiment,
    LatentFlowMatchingExperiment,
    build_latent_diffusion,
    build_latent_flow_matching,
    latent_diffusion_parts,
    latent_flow_matching_parts,
)
from zdcsim.training.parts import Parts
from zdcsim.training.sdi_gan import SdiGanExperiment, build_sdi_gan_generator, sdi_gan_parts
from zdcsim.training.shower_vae import (
    ShowerVaeExperiment,
    build_shower_generator,
    shower_vae_parts,
)


class Family(NamedTuple):
    """A family's two functions; each takes the family's own kind of experiment first.

    Attributes:
        build: The generator with fresh weights and an unfitted scaler.
        parts: Objective, batches and validation for a sample.
    """

    build: Callable[[Any], Generator]
    parts: Callable[[Any, Sample, Processes], Parts]


GENERATORS: dict[type[GeneratorExperiment], Family] = {
    ConvVaeExperiment: Family(build_conv_vae, conv_vae_parts),
    DiffusionExperiment: Family(build_diffusion, diffusion_parts),
    DistilledFlowExperiment: Family(build_distilled_flow, distilled_flow_parts),
    DistilledLatentFlowExperiment: Family(build_distilled_latent_flow, distilled_latent_flow_parts),
    FlowMatchingExperiment: Family(build_flow_matching, flow_matching_parts),
    LatentDiffusionExperiment: Family(build_latent_diffusion, latent_diffusion_parts),
    LatentFlowMatchingExperiment: Family(build_latent_flow_matching, latent_flow_matching_parts),
    SdiGanExperiment: Family(build_sdi_gan_generator, sdi_gan_parts),
    CorrVaeExperiment: Family(build_corrvae, corrvae_parts),
    ExpertSimExperiment: Family(build_expertsim_generator, expertsim_parts),
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
