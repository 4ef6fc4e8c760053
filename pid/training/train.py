"""Run an experiment: tracks and settings in, a run folder out."""

from collections.abc import Mapping
from pathlib import Path

import torch

from detcore import checkpoint, files
from detcore.distributed import processes
from detcore.loop import Loop, Progression, Watch
from detcore.provenance import provenance
from detcore.run_folder import (
    CONFIG,
    PROVENANCE,
    check_folder,
    check_place,
    open_folder,
    tracked,
)
from detcore.tracking import Untracked, tracker
from pid.sample.batches import Unlabelled
from pid.tracks import Tracks
from pid.training.config import AnyExperiment, Network, TreesExperiment
from pid.training.data import Sample, read, sample, unlabelled
from pid.training.networks import parts
from pid.training.run_folder import MAY_CHANGE, SCALER, write_scaler
from pid.training.trees import FOREST, grow_forest


def run(
    experiment: AnyExperiment, folder: Path, resume: bool = False, watch: Watch | None = None
) -> Progression:
    """Train on the file that the settings name; arguments and errors of `train`."""
    data = experiment.data
    check_place(folder)
    tracks = read(data.train, data)
    return train(experiment, tracks, folder, resume, watch, sha256=files.sha256(data.train))


def train(
    experiment: AnyExperiment,
    tracks: Tracks,
    folder: Path,
    resume: bool = False,
    watch: Watch | None = None,
    *,
    sha256: str | None = None,
) -> Progression:
    """Train on tracks in memory, alone or with the processes that torchrun started.

    Arguments:
        experiment: The settings.
        tracks: Labelled; they are split as the settings say.
        folder: The run folder; must not hold a run unless it is resumed.
        resume: Go on with the run in the folder; start it when there is none.
        watch: Hears of validations, for a search; trees have none before their end.
        sha256: Of the file that the tracks came from, for the record.

    Raises:
        ValueError: If settings, tracks and run folder do not fit together.
        FloatingPointError: At the first loss that is not finite.
    """
    if isinstance(experiment, TreesExperiment):
        return _train_trees(experiment, tracks, folder, resume, {"sha256": sha256})
    if experiment.adaptation is not None:
        raise ValueError("these settings adapt to a target domain; use `pid adapt`")
    return _train_network(experiment, tracks, folder, resume, {"sha256": sha256}, watch=watch)


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
    check_place(folder)
    digests: dict[str, str | None] = {"sha256": None, "target_sha256": None}
    if target is None:
        if data.target is None:
            raise ValueError("adapting needs the file of the target domain, data.target")
        target = read(data.target, data, truth=False)
        digests["target_sha256"] = files.sha256(data.target)
    if source is None:
        source = read(data.train, data)
        digests["sha256"] = files.sha256(data.train)
    return _train_network(experiment, source, folder, resume, digests, target)


def _train_network(
    experiment: Network,
    tracks: Tracks,
    folder: Path,
    resume: bool,
    digests: Mapping[str, str | None],
    target: Tracks | None = None,
    watch: Watch | None = None,
) -> Progression:
    if experiment.training.threads is not None:
        torch.set_num_threads(experiment.training.threads)
    chosen = sample(tracks, experiment)
    goal = None if target is None else unlabelled(target, experiment.data, chosen.scaler)
    with processes(experiment.training.device) as group:
        prepared = parts(experiment, chosen, group, goal)
        record = _record(tracks, chosen, goal, digests)
        check_folder(folder, experiment, record, resume, MAY_CHANGE)
        group.average({"": 0.0})  # all have looked at the folder before the first writes to it
        told = tracker(experiment.tracking, folder) if group.first else Untracked()
        loop = Loop(
            prepared.objective, prepared.batch_at, prepared.validate, experiment.training, folder,
            group, told, watch,
        )  # fmt: skip
        if resume:
            loop.resume()
        if group.first:
            open_folder(
                folder, experiment, record, told, step=loop.done.step, finished=loop.finished
            )
            write_scaler(folder, chosen.scaler)
        with tracked(told, folder, (CONFIG, PROVENANCE, SCALER, checkpoint.BEST)):
            return loop.run()


def _train_trees(
    experiment: TreesExperiment,
    tracks: Tracks,
    folder: Path,
    resume: bool,
    digests: Mapping[str, str | None],
) -> Progression:
    chosen = sample(tracks, experiment)
    record = _record(tracks, chosen, None, digests)
    check_folder(folder, experiment, record, resume, MAY_CHANGE)
    told = tracker(experiment.tracking, folder)
    open_folder(folder, experiment, record, told, step=0)  # a resume grows them all again
    write_scaler(folder, chosen.scaler)
    with tracked(told, folder, (FOREST,)):
        return grow_forest(experiment, chosen, folder, told)


def _record(
    tracks: Tracks,
    chosen: Sample,
    goal: Unlabelled | None,
    digests: Mapping[str, str | None],
) -> dict[str, object]:
    return {
        **provenance("torch", "lightgbm", "numpy", "pydantic"),
        "data": {
            **digests,
            "provenance": dict(tracks.provenance),
            "tracks": {
                "training": len(chosen.train),
                "validation": len(chosen.validation),
                "target": 0 if goal is None else len(goal),
            },
        },
    }
