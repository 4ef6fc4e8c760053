"""From tracks to what is trained on: limits, split, scaler, labels.

Axis key: N tracks, F features, T targets.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pid import cuts, scaler
from pid.columns import EXTENDED, PRODUCER
from pid.io import pid_features, producer
from pid.sample.batches import Labelled, Unlabelled
from pid.sample.four_class import four_class
from pid.sample.labels import class_weights, multi_class, one_vs_rest, rarity, thinned
from pid.sample.split import Split, split
from pid.scaler import Scaler
from pid.tracks import Tracks
from pid.training.config import DataSettings, Experiment

FULL = tuple(column.name for column in (*PRODUCER, *EXTENDED))


@dataclass(frozen=True)
class Sample:
    """What a training sees of the source.

    Attributes:
        train: Tracks that train.
        validation: Tracks that decide when to stop; always natural abundances.
        scaler: Fitted on the tracks that train.
        weight: Of tracks that are the target or of the class, shape (T,); none: 1.
    """

    train: Labelled
    validation: Labelled
    scaler: Scaler
    weight: NDArray[np.float32] | None


def read(path: Path, data: DataSettings, truth: bool = True) -> Tracks:
    """The tracks of a file with the columns that a training needs.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds neither of the two inputs that the settings can name, or not these,
            or no truth although it is needed.
    """
    if data.inputs == "pidml":
        return producer.read(path, data.columns, truth)
    if pid_features.holds_tree(path):
        return pid_features.read(path, truth)
    return four_class(producer.read(path, FULL, truth))


def limits(data: DataSettings) -> cuts.DetectorLimits:
    """Momenta from which the detectors are used."""
    return cuts.DetectorLimits(tof=data.tof_from, trd=data.trd_from)


def split_of(tracks: Tracks, experiment: Experiment) -> Split:
    """The split that this experiment uses, and that its judge must use on the same file."""
    data = experiment.data
    return split(tracks, data.validation, data.test, experiment.split_seed)


def sample(tracks: Tracks, experiment: Experiment) -> Sample:
    """Training and validation tracks with their labels.

    Raises:
        ValueError: If the tracks have no truth, lack a column or are too few.
    """
    data = experiment.data
    tracks.truth()
    divided = split_of(tracks, experiment)
    limited = cuts.apply(tracks, limits(data))
    train, validation = (
        limited.select(mask & usable(limited, data)) for mask in (divided.train, divided.validation)
    )
    for name, side in (("train", train), ("validate", validation)):
        if not len(side):
            raise ValueError(f"no track is left to {name} with data.rows {data.rows}; use all")
    if data.balance == "undersample":
        train = train.select(thinned(train.truth(), experiment.split_seed))
    fitted = scaler.fit(train, data.columns)
    labelled = labels(train, data)
    weigh = rarity if data.output == "one_vs_rest" else class_weights
    return Sample(
        train=Labelled(scaled(train, fitted), torch.from_numpy(labelled)),
        validation=Labelled(scaled(validation, fitted), torch.from_numpy(labels(validation, data))),
        scaler=fitted,
        weight=weigh(labelled) if data.balance == "weights" else None,
    )


def unlabelled(tracks: Tracks, data: DataSettings, fitted: Scaler) -> Unlabelled:
    """Tracks of the target domain, scaled as those of the source; truth, if any, stays behind.

    Raises:
        ValueError: If a column is absent.
    """
    return Unlabelled(scaled(cuts.apply(tracks, limits(data)), fitted))


def scaled(tracks: Tracks, fitted: Scaler) -> torch.Tensor:
    """Scaled values, NaN for missing, shape (N, F)."""
    return torch.from_numpy(np.ascontiguousarray(fitted.apply(tracks.take(fitted.columns))))


def labels(tracks: Tracks, data: DataSettings) -> NDArray[np.float32]:
    """What is asked, shape (N, T)."""
    form = one_vs_rest if data.output == "one_vs_rest" else multi_class
    return form(tracks.truth())


def usable(tracks: Tracks, data: DataSettings) -> NDArray[np.bool_]:
    """Complete tracks for case deletion; tracks of the four classes for shares; shape (N,)."""
    chosen = np.ones(len(tracks), np.bool_)
    if data.rows == "complete":
        chosen &= ~np.isnan(tracks.take(data.columns)).any(axis=1)
    if data.output == "multi_class":
        chosen &= multi_class(tracks.truth()).any(axis=1)
    return chosen
