"""Run an experiment: tracks and settings in, a run folder out."""

from collections.abc import Mapping
from pathlib import Path

import torch

from detcore import checkpoint
from detcore.distributed import processes
from detcore.loop import Loop, Progression, Watch
from detcore.provenance import provenance
from detcore.run_folder import CONFIG, PROVENANCE, check_folder, open_folder, tracked
from detcore.tracking import Tracker, Untracked, tracker
from pid.io import producer
from pid.sample.batches import Unlabelled
from pid.tracks import Tracks
from pid.training.config import AnyExperiment, Network, TreesExperiment
from pid.training.data import Sample, sample, unlabelled
from pid.training.networks import parts
from pid.training.run_folder import MAY_CHANGE, SCALER, write_scaler
from pid.training.trees import FOREST, grow_forest


def run(
    experiment: AnyExperiment, folder: Path, resume: bool = False, watch: Watch | None = None
) -> Progression:
    """Train on the file that the settings name; arguments and errors of `train`."""
    data = experiment.data
    return train(experiment, producer.read(data.train, data.columns), folder, resume, watch)


def train(
    experiment: AnyExperiment,
    tracks: Tracks,
    folder: Path,
    resume: bool = False,
    watch: Watch | None = None,
) -> Progression:
    """Train on tracks in memory, alone or with the processes that torchrun started.

    Arguments:
        experiment: The settings.
        tracks: Labelled; they are split as the settings say.
        folder: The run folder; must not hold a run unless it is resumed.
        resume: Go on with the run in the folder; start it when there is none.
        watch: Hears of validations, for a search; trees have none before their end.

    Raises:
        ValueError: If settings, tracks and run folder do not fit together.
        FloatingPointError: At the first loss that is not finite.
    """
    if isinstance(experiment, TreesExperiment):
        return _train_trees(experiment, tracks, folder, resume)
    if experiment.adaptation is not None:
        raise ValueError("these settings adapt to a target domain; use `pid adapt`")
    return _train_network(experiment, tracks, folder, resume, watch=watch)


def adapt(
    experiment: AnyExperiment,
    folder: Path,
    resume: bool = False,
    *,
    source: Tracks | None = None,
    target: Tracks | None = None,
) -> Progression:
    """Train with labelled simulation and unlabelled data.

    Arguments:
        experiment: The settings, with a section `adaptation`.
        folder: The run folder; must not hold a run unless it is resumed.
        resume: Go on with the run in the folder; start it when there is none.
        source: Labelled tracks; none: those of the file data.train.
        target: Tracks of the other domain, whose truth is never looked at; none: those of the file
            data.target.

    Raises:
        ValueError: If settings, tracks and run folder do not fit together.
        FloatingPointError: At the first loss that is not finite.
    """
    data = experiment.data
    if isinstance(experiment, TreesExperiment) or experiment.adaptation is None:
        raise ValueError("adapting needs a network and a section adaptation; use `pid train`")
    if target is None:
        if data.target is None:
            raise ValueError("adapting needs the file of the target domain, data.target")
        target = producer.read(data.target, data.columns, truth=False)
    labelled = source if source is not None else producer.read(data.train, data.columns)
    return _train_network(experiment, labelled, folder, resume, target)


def _train_network(
    experiment: Network,
    tracks: Tracks,
    folder: Path,
    resume: bool,
    target: Tracks | None = None,
    watch: Watch | None = None,
) -> Progression:
    if experiment.training.threads is not None:
        torch.set_num_threads(experiment.training.threads)
    chosen = sample(tracks, experiment)
    goal = None if target is None else unlabelled(target, experiment.data, chosen.scaler)
    with processes(experiment.training.device) as group:
        prepared = parts(experiment, chosen, group, goal)
        check_folder(folder, experiment, resume, MAY_CHANGE)
        group.average({"": 0.0})  # all have looked at the folder before the first writes to it
        told = tracker(experiment.tracking, folder) if group.first else Untracked()
        if group.first:
            _open(folder, experiment, _record(tracks, chosen, goal), chosen, told)
        loop = Loop(
            prepared.objective, prepared.batch_at, prepared.validate, experiment.training, folder,
            group, told, watch,
        )  # fmt: skip
        if resume:
            loop.resume()
        with tracked(told, folder, (CONFIG, PROVENANCE, SCALER, checkpoint.BEST)):
            return loop.run()


def _train_trees(
    experiment: TreesExperiment, tracks: Tracks, folder: Path, resume: bool
) -> Progression:
    check_folder(folder, experiment, resume, MAY_CHANGE)
    chosen = sample(tracks, experiment)
    told = tracker(experiment.tracking, folder)
    _open(folder, experiment, _record(tracks, chosen, None), chosen, told)
    with tracked(told, folder, (FOREST,)):
        return grow_forest(experiment, chosen, folder, told)


def _open(
    folder: Path,
    experiment: AnyExperiment,
    data: Mapping[str, object],
    chosen: Sample,
    told: Tracker,
) -> None:
    record = {**provenance("torch", "lightgbm", "numpy", "pydantic"), "data": dict(data)}
    open_folder(folder, experiment, record, told)
    write_scaler(folder, chosen.scaler)


def _record(tracks: Tracks, chosen: Sample, goal: Unlabelled | None) -> dict[str, object]:
    return {
        "provenance": dict(tracks.provenance),
        "tracks": {
            "training": len(chosen.train),
            "validation": len(chosen.validation),
            "target": 0 if goal is None else len(goal),
        },
    }
