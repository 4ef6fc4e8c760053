"""Run an experiment: data and settings in, a run folder out.

A run folder holds config.yaml, provenance.json, metrics.jsonl, last.pt and best.pt, and is all
that is needed to go on or to rebuild the trained network.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detcore import checkpoint, config, files
from detcore.distributed import Processes, processes
from detcore.loop import Loop, Progression
from detcore.provenance import provenance
from detcore.tracking import Tracker, Untracked, tracker
from zdcsim.conditions import NAMES
from zdcsim.io.held import opened_sample, read_missed
from zdcsim.response import Sample
from zdcsim.training.config import SignalExperiment
from zdcsim.training.experiment import Experiment, GeneratorExperiment
from zdcsim.training.families import generator_parts
from zdcsim.training.parts import Parts
from zdcsim.training.signal import signal_parts

CONFIG, PROVENANCE = "config.yaml", "provenance.json"
MAY_CHANGE = {
    "data": {"held"},
    "training": {"steps", "max_minutes", "patience", "device"},
    "tracking": None,
}


def run(
    experiment: GeneratorExperiment | SignalExperiment, folder: Path, resume: bool
) -> Progression:
    """Train on the files that the settings name; arguments and errors of `train`."""
    path = experiment.data.train
    _, missed = read_missed(path)
    checksum = files.sha256(path)
    with opened_sample(path, experiment.data.held) as responses:
        return train(experiment, responses, folder, resume, missed=missed, checksum=checksum)


def train(
    experiment: GeneratorExperiment | SignalExperiment,
    responses: Sample,
    folder: Path,
    resume: bool = False,
    *,
    missed: NDArray[np.float32] | None = None,
    checksum: str | None = None,
) -> Progression:
    """Train on a sample, alone or with the processes that torchrun started.

    Arguments:
        experiment: The settings.
        responses: The sample that trains and validates.
        folder: The run folder; must not hold a run unless it is resumed.
        resume: Go on with the run in the folder; start it when there is none.
        missed: Conditions of particles that miss, for the classifier, shape (M, 9).
        checksum: SHA-256 of the file the responses came from, for the record.

    Raises:
        ValueError: If settings, data and run folder do not fit together.
        FloatingPointError: At the first loss that is not finite.
    """
    if responses.calorimeter.name != experiment.data.calorimeter:
        raise ValueError(
            f"the responses are of {responses.calorimeter.name} but data.calorimeter is "
            f"{experiment.data.calorimeter}"
        )
    with processes(experiment.training.device) as group:
        parts = _parts(experiment, responses, missed, group)
        _check_folder(folder, experiment, resume)
        record = _record(experiment, responses, parts, checksum)
        group.average({"": 0.0})  # all have looked at the folder before the first writes to it
        tracked = tracker(experiment.tracking, folder) if group.first else Untracked()
        if group.first:
            _open_folder(folder, experiment, record, tracked)
        loop = Loop(
            parts.objective, parts.batch_at, parts.validate, experiment.training, folder, group,
            tracked,
        )  # fmt: skip
        if resume:
            loop.resume()
        return _tracked_run(loop, folder, tracked)


def _parts(
    experiment: GeneratorExperiment | SignalExperiment,
    responses: Sample,
    missed: NDArray[np.float32] | None,
    group: Processes,
) -> Parts:
    if isinstance(experiment, SignalExperiment):
        none = np.empty((0, len(NAMES)), np.float32)
        used = missed if experiment.data.missed and missed is not None else none
        return signal_parts(experiment, responses, used, group)
    return generator_parts(experiment, responses, group)


def _tracked_run(loop: Loop[Any], folder: Path, tracked: Tracker) -> Progression:
    status = "FAILED"
    try:
        done = loop.run()
        status = "FINISHED"
        for name in (CONFIG, PROVENANCE, checkpoint.BEST):
            if (folder / name).exists():
                tracked.artifact(folder / name)
        return done
    finally:
        tracked.finish(status)


def _check_folder(folder: Path, experiment: Experiment, resume: bool) -> None:
    held = folder / CONFIG
    if not held.exists():
        return
    if not resume:
        raise ValueError(f"{folder} already holds a run; resume it or choose another folder")
    before = config.load(held, type(experiment))
    if _fixed(before) != _fixed(experiment):
        raise ValueError(
            f"{folder} was trained with other settings ({_difference(before, experiment)}); "
            "resume with the same ones"
        )


def _fixed(experiment: Experiment) -> dict[str, object]:
    values = experiment.model_dump(mode="json")
    for group, names in MAY_CHANGE.items():
        if names is None:
            del values[group]
        else:
            values[group] = {k: v for k, v in values[group].items() if k not in names}
    return values


def _difference(before: Experiment, now: Experiment) -> str:
    a, b = config.flattened(_fixed(before)), config.flattened(_fixed(now))
    return ", ".join(
        f"{key}: {a.get(key)!r}, now {b.get(key)!r}" for key in b if a.get(key) != b[key]
    )


def _record(
    experiment: Experiment, responses: Sample, parts: Parts, checksum: str | None
) -> dict[str, object]:
    return {
        **provenance("torch", "numpy", "pydantic"),
        "data": {
            "sha256": checksum,
            "provenance": dict(responses.provenance),
            "responses": dict(parts.sizes),
        },
        "settings": experiment.model_dump(mode="json"),
    }


def _open_folder(
    folder: Path, experiment: Experiment, record: dict[str, object], tracked: Tracker
) -> None:
    fresh = not (folder / CONFIG).exists()
    config.dump(experiment, folder / CONFIG)
    files.write_text(folder / PROVENANCE, json.dumps(record, indent=2) + "\n")
    if fresh:
        tracked.parameters(experiment.model_dump(mode="json"))
