"""What a training run is told: one YAML file, one class for each family of models.

A family's class holds only the settings that family uses, and refuses another value than the
default for what a switched-off term would use, so none can be ignored.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from detcore import config
from detcore.config import Settings
from zdcsim.objectives.expertsim import ExpertSimSettings
from zdcsim.objectives.sdi_gan import SdiGanSettings
from zdcsim.objectives.shower_vae import ShowerVaeSettings
from zdcsim.objectives.signal import SignalObjectiveSettings
from zdcsim.training.conv_vae import ConvVaeExperiment
from zdcsim.training.corrvae import CorrVaeExperiment
from zdcsim.training.denoising import DiffusionExperiment, FlowMatchingExperiment
from zdcsim.training.distilled import DistilledFlowExperiment, DistilledLatentFlowExperiment
from zdcsim.training.experiment import (
    Experiment,
    GeneratorExperiment,
    SignalDataSettings,
    Widths,
)
from zdcsim.training.latent import LatentDiffusionExperiment, LatentFlowMatchingExperiment
from zdcsim.training.shower_shapes import ShowerEncoderShape, ShowerShape
from zdcsim.training.unused import check_unused


class GeneratorShape(Settings):
    """Arguments of `SdiGanGenerator`."""

    noise_size: PositiveInt = 10
    hidden: PositiveInt = 128
    widths: Widths = (32, 16, 8)
    impact_maps: bool = True


class DiscriminatorShape(Settings):
    """Arguments of `SdiGanDiscriminator`."""

    hidden: PositiveInt = 64
    widths: Widths = (16, 32, 32)
    impact_maps: bool = True
    see_sums: bool = True


class RegressorShape(Settings):
    """Arguments of `PositionRegressor`."""

    hidden: PositiveInt = 32
    widths: Widths = (8, 16, 16)


class GanExperiment(GeneratorExperiment):
    """What all GANs have.

    Attributes:
        validation_draws: Noise draws for each validation particle.
    """

    generator: GeneratorShape = GeneratorShape()
    discriminator: DiscriminatorShape = DiscriminatorShape()
    regressor: RegressorShape = RegressorShape()
    objective: SdiGanSettings = SdiGanSettings()
    validation_draws: PositiveInt = 10

    @property
    def has_position_term(self) -> bool:
        """Whether there is a regressor of the showers' positions."""
        return bool(self.objective.position)

    @model_validator(mode="after")
    def _nothing_of_switched_off_terms(self) -> Self:
        if not self.has_position_term:
            unused = ["regressor", "objective.regressor"]
            check_unused(self, unused, "there is no position term (objective.position)")
        if not self.objective.intensity:
            unused = ["objective.intensity_form"]
            check_unused(self, unused, "there is no intensity term (objective.intensity)")
        return self


class SdiGanExperiment(GanExperiment):
    """A GAN, from the plain conditional one to all terms of the SDI-GAN with regressor."""

    family: Literal["sdi_gan"]


class ExpertSimShape(GeneratorShape):
    """Arguments of `ExpertSimGenerator`."""

    experts: Annotated[int, Field(ge=2, le=6)] = 3
    router: Widths = (128, 64, 32)


class ExpertSimExperiment(GanExperiment):
    """A router and several SDI-GANs."""

    family: Literal["expertsim"]
    generator: ExpertSimShape = ExpertSimShape()
    objective: ExpertSimSettings = ExpertSimSettings()


class ShowerVaeExperiment(GeneratorExperiment):
    """The shower autoencoder; validated by a bound on its likelihood, not by distances.

    Attributes:
        validation_draws: Latents for each validation response; more bring the bound closer to the
            likelihood, which the encoder then no longer matters for.
    """

    family: Literal["shower_vae"]
    generator: ShowerShape = ShowerShape()
    encoder: ShowerEncoderShape = ShowerEncoderShape()
    objective: ShowerVaeSettings = ShowerVaeSettings()
    validation_draws: PositiveInt = 20


class ClassifierShape(Settings):
    """Arguments of `SignalClassifier`."""

    hidden: PositiveInt = 32


class SignalExperiment(Experiment):
    """The classifier that tells whether a particle leaves light."""

    family: Literal["signal"]
    data: SignalDataSettings
    classifier: ClassifierShape = ClassifierShape()
    objective: SignalObjectiveSettings = SignalObjectiveSettings()


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
