"""What a training run is told: one YAML file, one class for each family of models.

A family's class holds only the settings that family uses, and refuses another value than the
default for what a switched-off term would use, so none can be ignored.
"""

from collections.abc import Sequence
from pathlib import Path

from detcore import config
from zdcsim.training.conv_vae import ConvVaeExperiment
from zdcsim.training.corrvae import CorrVaeExperiment
from zdcsim.training.denoising import DiffusionExperiment, FlowMatchingExperiment
from zdcsim.training.distilled import DistilledFlowExperiment, DistilledLatentFlowExperiment
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.expertsim import ExpertSimExperiment
from zdcsim.training.latent import LatentDiffusionExperiment, LatentFlowMatchingExperiment
from zdcsim.training.sdi_gan import SdiGanExperiment
from zdcsim.training.shower_vae import ShowerVaeExperiment
from zdcsim.training.signal import SignalExperiment

FAMILIES: dict[str, type[GeneratorExperiment] | type[SignalExperiment]] = {
    "conv_vae": ConvVaeExperiment,
    "diffusion": DiffusionExperiment,
    "distilled_flow": DistilledFlowExperiment,
    "distilled_latent_flow": DistilledLatentFlowExperiment,
    "flow_matching": FlowMatchingExperiment,
    "latent_diffusion": LatentDiffusionExperiment,
    "latent_flow_matching": LatentFlowMatchingExperiment,
    "sdi_gan": SdiGanExperiment,
    "expertsim": ExpertSimExperiment,
    "corrvae": CorrVaeExperiment,
    "shower_vae": ShowerVaeExperiment,
    "signal": SignalExperiment,
}


def load_experiment(
    path: Path, overrides: Sequence[str] = ()
) -> GeneratorExperiment | SignalExperiment:
    """The experiment of a YAML file, with overrides `a.b=value`.

    Raises:
        ValueError: If the family is unknown, or a setting is; see `detcore.config.load_family`.
    """
    return config.load_family(path, FAMILIES, overrides)
