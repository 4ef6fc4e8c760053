"""What a training run of any family is told: the sample, the loop, the record."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, NonNegativeInt, PositiveInt, Tag, model_validator

from detcore.config import Settings
from detcore.device import DeviceName
from detcore.loop import LoopSettings
from detcore.tracking import TrackingSettings
from zdcsim.io.held import Held
from zdcsim.optics import Machine
from zdcsim.sample.position import Position
from zdcsim.sample.split import SplitBy
from zdcsim.training.unused import check_unused

Widths = tuple[PositiveInt, PositiveInt, PositiveInt]


def _how_many(value: object) -> str:
    return "several" if isinstance(value, list | tuple) else "one"


OneOrSeveral = Annotated[
    Annotated[Path, Tag("one")] | Annotated[tuple[Path, ...], Field(min_length=1), Tag("several")],
    Discriminator(_how_many),
]
"""In YAML the name of a file, or a list of names."""


class DataSettings(Settings):
    """The sample and how it is used.

    Attributes:
        train: ROOT file or training store of Monte Carlo responses, or a list of them; part of it
            validates. The test file is another.
        held: Fibres of a store in memory, sparse, or left on disk; the batches are the same.
        calorimeter: Must be that of the file.
        beam_momentum_gev: Of the beam, over its charge, for which the magnets on the way are set;
            the models carry every particle through them to the face. Null: all fly straight, as
            neutral ones do to the ZN.
        split: By unique particle, or at random over responses as in the literature.
        validation_fraction: Expected share that validates.
        symmetries: Enlarge the training sample by the symmetries of the face: those of the square,
            or the mirror in y.
    """

    train: OneOrSeveral
    held: Held = "memory"
    calorimeter: Literal["ZN", "ZP"] = "ZN"
    beam_momentum_gev: Annotated[float, Field(gt=0)] | None = None
    split: SplitBy = "particle"
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    symmetries: bool = True

    @model_validator(mode="after")
    def _no_square_behind_magnets(self) -> Self:
        if self.calorimeter == "ZN" and self.symmetries and self.beam_momentum_gev is not None:
            raise ValueError(
                "magnets break the symmetries of the square for charged particles; set "
                "symmetries: false, or beam_momentum_gev: null"
            )
        return self

    @property
    def files(self) -> tuple[Path, ...]:
        """What `train` names."""
        return (self.train,) if isinstance(self.train, Path) else self.train

    @property
    def machine(self) -> Machine | None:
        """The magnets on the way, if there are any."""
        beam = self.beam_momentum_gev
        return None if beam is None else Machine(beam)


class ResponseDataSettings(DataSettings):
    """The sample of a generator.

    Attributes:
        minimum_photons: Responses with fewer photo-electrons are left out. Distances between
            samples depend on it strongly; compare equal cuts only.
        position: What the position term of a GAN takes for a shower's position.
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

    batch: PositiveInt = 64
    device: DeviceName = "auto"


class Experiment(Settings):
    """What every family has.

    Attributes:
        seed: Of weights, split and batches.
    """

    seed: NonNegativeInt = 1
    training: TrainingSettings
    tracking: TrackingSettings = TrackingSettings()


class GeneratorExperiment(Experiment):
    """What every generator has."""

    family: str
    data: ResponseDataSettings

    @property
    def has_position_term(self) -> bool:
        """Whether training looks at the showers' positions."""
        return False

    @model_validator(mode="after")
    def _no_position_without_its_term(self) -> Self:
        if not self.has_position_term:
            check_unused(self, ["data.position"], "there is no position term")
        return self
