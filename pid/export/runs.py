"""From run folders to classifiers ready to be fitted and exported.

Axis key: B tracks, F features, T logits.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from detcore.run_folder import recorded
from pid.evaluation.seeds import differing
from pid.export.trained import Predictor
from pid.models.trees import Forest
from pid.species import TARGETS
from pid.tracks import Tracks
from pid.training import load_trained
from pid.training.config import (
    AnyExperiment,
    FeatureSetExperiment,
    MlpExperiment,
    TreesExperiment,
)
from pid.training.data import read
from pid.training.trained import Trained


class MeanLogits(nn.Module):
    """Networks trained with different seeds as one: the mean of their logits, shape (B, T)."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, values: Tensor) -> Tensor:
        """Of scaled values, shape (B, F)."""
        return torch.stack([member(values) for member in self.members]).mean(dim=0)


def from_runs(
    folders: Sequence[Path], sample: Path | Tracks | None = None
) -> tuple[Predictor, Tracks]:
    """The classifier of one run, or the mean of several, and its validation tracks.

    Arguments:
        folders: Run folders of `pid train` or `pid adapt`.
        sample: The file that they trained on, if it is not where the settings say, or its tracks.

    Raises:
        ValueError: If a folder is no run, or several cannot be averaged.
    """
    runs = [load_trained(folder) for folder in folders]
    if not runs:
        raise ValueError("name a run folder at least")
    first = runs[0]
    _check(runs)
    data = first.experiment.data
    if not isinstance(sample, Tracks):
        sample = read(sample or data.train, data)
    tracks = sample
    validation = tracks.select(first.split(tracks).validation)
    trained = Predictor(
        name=name_of(first.experiment) + (f", mean of {len(runs)}" if len(runs) > 1 else ""),
        model=_model(runs),
        output=data.output,
        scaler=first.scaler,
        limits=first.limits,
        seed=first.experiment.seed if len(runs) == 1 else None,
        targets=TARGETS if data.output == "one_vs_rest" else (),
        record=_record(folders),
    )
    return trained, validation


def name_of(experiment: AnyExperiment) -> str:
    """What tables call a classifier: its family and what distinguishes it within the family."""
    words = [experiment.family.replace("_", " ")]
    if isinstance(experiment, MlpExperiment):
        words.append(experiment.model.imputation)
        words += ["with flags"] if experiment.model.flags else []
    if isinstance(experiment, FeatureSetExperiment) and experiment.model.groups is None:
        words.append("published")
    if not isinstance(experiment, TreesExperiment) and experiment.adaptation is not None:
        words.append(experiment.adaptation.method)
    words += ["complete cases"] if experiment.data.rows == "complete" else []
    words += ["four classes"] if experiment.data.output == "multi_class" else []
    return ", ".join(words)


def _check(runs: Sequence[Trained]) -> None:
    """Refuse runs that are not seeds of one network."""
    first = runs[0]
    for other in runs[1:]:
        apart = _apart(first, other)
        if apart:
            raise ValueError(
                "runs can be averaged when they are networks that differ in their seed alone; "
                f"{name_of(first.experiment)} and {name_of(other.experiment)} {apart}"
            )
    seeds = [run.experiment.seed for run in runs]
    if len(set(seeds)) < len(seeds):
        raise ValueError(
            f"runs that are averaged need a seed each; got {', '.join(map(str, seeds))}"
        )


def _apart(one: Trained, other: Trained) -> str:
    """What keeps two runs from being averaged, in words; empty if nothing does."""
    if isinstance(one.classifier, Forest) or isinstance(other.classifier, Forest):
        return "are or include trees"
    settings = [run.experiment.model_dump(mode="json") for run in (one, other)]
    keys = differing(*settings)
    if keys or name_of(one.experiment) != name_of(other.experiment):
        return f"differ in {', '.join(keys) or 'their adaptation'}"
    means = one.scaler.mean, other.scaler.mean
    alike = one.scaler.columns == other.scaler.columns and np.array_equal(*means)
    return "" if alike else "were trained on different tracks"


def _model(runs: Sequence[Trained]) -> nn.Module | Forest:
    if len(runs) == 1:
        return runs[0].classifier
    members = [run.classifier for run in runs if not isinstance(run.classifier, Forest)]
    return MeanLogits(members)


def _record(folders: Sequence[Path]) -> dict[str, object]:
    """What the runs say of themselves; of several all, by seed."""
    found = [recorded(folder) for folder in folders]
    if len(found) == 1:
        return dict(found[0])
    return {f"seed {record['settings']['seed']}": record for record in found}
