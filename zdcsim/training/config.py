"""What a training run is told: one YAML file, one class for each family of models.

A family's class holds only the settings that family uses, so none can be ignored.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from detcore import config
from detcore.config import Settings
from detcore.device import DeviceName
from detcore.loop import LoopSettings
from detcore.tracking import TrackingSettings
from zdcsim.io.held import Held
from zdcsim.objectives.sdi_gan import SdiGanSettings
from zdcsim.objectives.shower_vae import ShowerVaeSettings
from zdcsim.objectives.signal import SignalObjectiveSettings
from zdcsim.sample.position import Position
from zdcsim.sample.split import SplitBy

Positive = Annotated[int, Field(gt=0)]
Widths = tuple[Positive, Positive, Positive]


class DataSettings(Settings):
    """The sample and how it is used.

    Attributes:
        train: ROOT file or training store of Monte Carlo responses; part of it validates. The test
            file is another.
        held: Fibres of a store in memory, sparse, or left on disk; the batches are the same.
        calorimeter: Must be that of the file.
        split: By unique particle, or at random over responses as in the literature.
        validation_fraction: Expected share that validates.
        symmetries: Enlarge the training sample by the symmetries of the square.
    """

    train: Path
    held: Held = "memory"
    calorimeter: Literal["ZN", "ZP"] = "ZN"
    split: SplitBy = "particle"
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    symmetries: bool = True


class ResponseDataSettings(DataSettings):
    """The sample of a generator.

    Attributes:
        minimum_photons: Responses with fewer photo-electrons are left out. Distances between
            samples depend on it strongly; compare equal cuts only.
        position: What the position term takes for a shower's position.
    """

    minimum_photons: Annotated[int, Field(ge=0)] = 1
    position: Position = "maximum"


class SignalDataSettings(DataSettings):
    """The sample of the classifier.

    Attributes:
        missed: Count the primaries that miss the calorimeter, which the file keeps apart, as
            particles without light.
    """

    missed: bool = True


class TrainingSettings(LoopSettings):
    """The loop, and what it feeds on.

    Attributes:
        batch: Responses a step, over all processes together.
        device: `auto` is a GPU when there is one.
    """

    batch: Positive = 64
    device: DeviceName = "auto"


class Experiment(Settings):
    """What every family has.

    Attributes:
        seed: Of weights, split and batches.
    """

    seed: int = 1
    training: TrainingSettings
    tracking: TrackingSettings = TrackingSettings()


class GeneratorShape(Settings):
    """Arguments of `SdiGanGenerator`."""

    noise_size: Positive = 10
    hidden: Positive = 128
    widths: Widths = (32, 16, 8)
    impact_maps: bool = True


class DiscriminatorShape(Settings):
    """Arguments of `SdiGanDiscriminator`."""

    hidden: Positive = 64
    widths: Widths = (16, 32, 32)
    impact_maps: bool = True
    see_sums: bool = True


class RegressorShape(Settings):
    """Arguments of `PositionRegressor`."""

    hidden: Positive = 32
    widths: Widths = (8, 16, 16)


class GeneratorExperiment(Experiment):
    """What every generator has."""

    family: str
    data: ResponseDataSettings


class SdiGanExperiment(GeneratorExperiment):
    """A GAN, from the plain conditional one to all terms of the SDI-GAN with regressor.

    Attributes:
        validation_draws: Noise draws for each validation particle.
    """

    family: Literal["sdi_gan"]
    generator: GeneratorShape = GeneratorShape()
    discriminator: DiscriminatorShape = DiscriminatorShape()
    regressor: RegressorShape = RegressorShape()
    objective: SdiGanSettings = SdiGanSettings()
    validation_draws: Positive = 10


class ShowerShape(Settings):
    """Arguments of `ShowerGenerator`."""

    noise_size: Positive = 10
    hidden: Positive = 96
    kernels: Positive = 20


class ShowerEncoderShape(Settings):
    """Arguments of `ShowerEncoder`."""

    hidden: Positive = 128
    widths: Widths = (16, 32, 64)


class ShowerVaeExperiment(GeneratorExperiment):
    """The shower autoencoder; validated by its bound, not by draws."""

    family: Literal["shower_vae"]
    generator: ShowerShape = ShowerShape()
    encoder: ShowerEncoderShape = ShowerEncoderShape()
    objective: ShowerVaeSettings = ShowerVaeSettings()


class ClassifierShape(Settings):
    """Arguments of `SignalClassifier`."""

    hidden: Positive = 32


class SignalExperiment(Experiment):
    """The classifier that tells whether a particle leaves light."""

    family: Literal["signal"]
    data: SignalDataSettings
    classifier: ClassifierShape = ClassifierShape()
    objective: SignalObjectiveSettings = SignalObjectiveSettings()


FAMILIES: dict[str, type[GeneratorExperiment] | type[SignalExperiment]] = {
    "sdi_gan": SdiGanExperiment,
    "shower_vae": ShowerVaeExperiment,
    "signal": SignalExperiment,
}


def load_experiment(
    path: Path, overrides: Sequence[str] = ()
) -> GeneratorExperiment | SignalExperiment:
    """The experiment of a YAML file, with overrides `a.b=value`.

    Raises:
        ValueError: If the family is unknown, or a setting is; see `detcore.config.check`.
    """
    values = config.read(path, overrides)
    schema = FAMILIES.get(str(values.get("family")))
    if schema is None:
        raise ValueError(
            f"{path}: family is {values.get('family')!r}; expected one of {', '.join(FAMILIES)}"
        )
    return config.check(values, schema, str(path))
