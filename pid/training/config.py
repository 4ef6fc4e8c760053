"""What a training run is told: one YAML file, one class for each family of classifiers.

A family's class holds only the settings that family uses, so none can be ignored.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from detcore import config
from detcore.config import Settings
from detcore.device import DeviceName
from detcore.loop import LoopSettings
from detcore.tracking import TrackingSettings
from pid.columns import MODEL
from pid.features46 import BY_NAME
from pid.models.imputation import Imputation
from pid.models.output import Output
from pid.objectives.adaptation import AdaptationSettings
from pid.objectives.boosting import BoostingSettings
from pid.objectives.classification import ClassificationSettings
from pid.sample.labels import Balance

Share = Annotated[float, Field(gt=0, lt=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Momentum = Annotated[float, Field(ge=0)]


class DataSettings(Settings):
    """The tracks and what is asked about them.

    Attributes:
        train: Labelled ROOT file of the PIDML producer; parts of it validate and test.
        target: Unlabelled file that `pid adapt` adapts to.
        inputs: The columns of PIDML's tables, or the 46 floats of the four-class network, from the
            tree of O2's feature extractor or made from the producer's extended table.
        columns: Input of the classifier, in order; without the producer's, they must be named.
        tof_from: Momentum in GeV/c from which O2 uses the TOF.
        trd_from: The same of the TRD.
        output: A binary answer for each of the eight targets, or the shares of the four classes.
        rows: All tracks, or (case deletion) those without a missing value.
        balance: Natural abundances, or how rare species are favoured in training; scores of the
            last two need a correction of abundances before they are probabilities.
        validation: Share of the events that validate.
        test: Share of the events that neither train nor validate.
    """

    train: Path
    target: Path | None = None
    inputs: Literal["pidml", "features46"] = "pidml"
    columns: tuple[str, ...] = MODEL
    tof_from: Momentum = 0.5
    trd_from: Momentum = 0.8
    output: Output = "one_vs_rest"
    rows: Literal["all", "complete"] = "all"
    balance: Balance = "none"
    validation: Share = 0.16
    test: Share = 0.2

    @model_validator(mode="after")
    def _columns_are_inputs(self) -> Self:
        unknown = [name for name in self.columns if name not in BY_NAME]
        if self.inputs == "features46" and unknown:
            raise ValueError(
                f"data.columns holds {', '.join(unknown)}; data.inputs features46 has "
                f"{', '.join(BY_NAME)}"
            )
        return self


class TrainingSettings(LoopSettings):
    """The loop, and what it feeds on.

    Attributes:
        batch: Tracks a step, over all processes together.
        device: `auto` is a GPU when there is one.
        threads: Of torch on the CPU; null: its own choice.
    """

    batch: PositiveInt = 4096
    device: DeviceName = "auto"
    threads: PositiveInt | None = None


class Experiment(Settings):
    """What every family has.

    Attributes:
        seed: Of weights and batches.
        split_seed: Of the split, so that runs of different seeds share their test tracks.
    """

    seed: NonNegativeInt = 1
    split_seed: NonNegativeInt = 1
    data: DataSettings
    tracking: TrackingSettings = TrackingSettings(experiment="pid")


class FeatureSetShape(Settings):
    """Arguments of `FeatureSetClassifier`; groups are of column names."""

    groups: tuple[tuple[str, ...], ...] | None = None
    bins: Annotated[int, Field(ge=0)] = 0
    embedding_hidden: PositiveInt = 128
    width: PositiveInt = 32
    heads: PositiveInt = 2
    blocks: PositiveInt = 2
    feed_forward: PositiveInt = 128
    pooling_hidden: PositiveInt = 64
    head: tuple[PositiveInt, ...] = (64,)
    dropout: Dropout = 0.1


class MlpShape(Settings):
    """Arguments of `MlpClassifier`."""

    imputation: Imputation = "mean"
    flags: bool = False
    hidden: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (64, 32, 16)
    dropout: Dropout = 0.1


class PatternEnsembleShape(Settings):
    """Arguments of `PatternEnsemble`."""

    hidden: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (64, 32, 16)
    dropout: Dropout = 0.1


class NetworkExperiment(Experiment):
    """A network that the loop trains.

    Attributes:
        adaptation: How `pid adapt` brings the domains together; null for `pid train`.
    """

    training: TrainingSettings
    objective: ClassificationSettings = ClassificationSettings()
    adaptation: AdaptationSettings | None = None


class FeatureSetExperiment(NetworkExperiment):
    """Feature set embedding and attention."""

    family: Literal["feature_set"]
    model: FeatureSetShape = FeatureSetShape()


class MlpExperiment(NetworkExperiment):
    """Dense layers on imputed values."""

    family: Literal["mlp"]
    model: MlpShape = MlpShape()


class PatternEnsembleExperiment(NetworkExperiment):
    """One network for each pattern of missing detectors."""

    family: Literal["pattern_ensemble"]
    model: PatternEnsembleShape = PatternEnsembleShape()


class TreesExperiment(Experiment):
    """Gradient boosting."""

    family: Literal["trees"]
    boosting: BoostingSettings = BoostingSettings()


Network = FeatureSetExperiment | MlpExperiment | PatternEnsembleExperiment
AnyExperiment = Network | TreesExperiment

FAMILIES: dict[str, type[AnyExperiment]] = {
    "feature_set": FeatureSetExperiment,
    "mlp": MlpExperiment,
    "pattern_ensemble": PatternEnsembleExperiment,
    "trees": TreesExperiment,
}


def load_experiment(path: Path, overrides: Sequence[str] = ()) -> AnyExperiment:
    """The experiment of a YAML file, with overrides `a.b=value`.

    Raises:
        ValueError: If the family is unknown, or a setting is; see `detcore.config.load_family`.
    """
    return config.load_family(path, FAMILIES, overrides)
