"""Run an experiment: data and settings in, a run folder out.

A run folder holds config.yaml, provenance.json, metrics.jsonl, last.pt and best.pt, and is all
that is needed to go on or to rebuild the trained network.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detcore import checkpoint
from detcore.distributed import Processes, processes
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
from zdcsim.conditions import NAMES
from zdcsim.io.held import opened_samples, read_missed
from zdcsim.io.joining import stated_beam
from zdcsim.io.lineage import in_order
from zdcsim.response import Sample
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.families import generator_parts
from zdcsim.training.parts import Parts
from zdcsim.training.signal import SignalExperiment, signal_parts

MAY_CHANGE = {
    "data": {"held"},
    "training": {"steps", "max_minutes", "patience", "device"},
    "tracking": None,
}


def run(
    experiment: GeneratorExperiment | SignalExperiment,
    folder: Path,
    resume: bool = False,
    watch: Watch | None = None,
) -> Progression:
    """Train on the files that the settings name; arguments and errors of `train`."""
    check_place(folder)
    paths = experiment.data.files
    _, missed = read_missed(paths)
    checksum = in_order(paths)
    with opened_samples(paths, experiment.data.held) as responses:
        return train(
            experiment, responses, folder, resume, missed=missed, checksum=checksum, watch=watch
        )


def train(
    experiment: GeneratorExperiment | SignalExperiment,
    responses: Sample,
    folder: Path,
    resume: bool = False,
    *,
    missed: NDArray[np.float32] | None = None,
    checksum: str | None = None,
    watch: Watch | None = None,
) -> Progression:
    """Train on a sample, alone or with the processes that torchrun started.

    Arguments:
        experiment: The settings.
        responses: The sample that trains and validates.
        folder: The run folder; must not hold a run unless it is resumed.
        resume: Go on with the run in the folder; start it when there is none.
        missed: Conditions of particles that miss, for the classifier, shape (M, 9).
        checksum: SHA-256 of the file the responses came from, for the record; of several, one after
            the other with a space between.
        watch: Hears of validations, for a search.

    Raises:
        ValueError: If settings, data and run folder do not fit together.
        FloatingPointError: At the first loss that is not finite.
    """
    if responses.calorimeter.name != experiment.data.calorimeter:
        raise ValueError(
            f"the responses are of {responses.calorimeter.name} but data.calorimeter is "
            f"{experiment.data.calorimeter}"
        )
    _check_beam(experiment, responses)
    with processes(experiment.training.device) as group:
        parts = _parts(experiment, responses, missed, group)
        record = _record(responses, parts, checksum)
        check_folder(folder, experiment, record, resume, MAY_CHANGE)
        group.average({"": 0.0})  # all have looked at the folder before the first writes to it
        told = tracker(experiment.tracking, folder) if group.first else Untracked()
        loop = Loop(
            parts.objective, parts.batch_at, parts.validate, experiment.training, folder, group,
            told, watch,
        )  # fmt: skip
        if resume:
            loop.resume()
        if group.first:
            open_folder(
                folder, experiment, record, told, step=loop.done.step, finished=loop.finished
            )
        with tracked(told, folder, (CONFIG, PROVENANCE, checkpoint.BEST)):
            return loop.run()


def _check_beam(experiment: GeneratorExperiment | SignalExperiment, responses: Sample) -> None:
    """Refuse a ZP sample that states another beam than the settings carry particles with."""
    stated, chosen = stated_beam(responses.provenance), experiment.data.beam_momentum_gev
    if responses.calorimeter.name == "ZP" and stated is not None and stated != chosen:
        raise ValueError(
            f"the primaries of the responses went through the magnets of a beam of {stated} GeV/c, "
            f"but data.beam_momentum_gev is {chosen}; set it to {stated}"
        )


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


def _record(responses: Sample, parts: Parts, checksum: str | None) -> dict[str, object]:
    return {
        **provenance("torch", "numpy", "pydantic"),
        "data": {
            "sha256": checksum,
            "provenance": dict(responses.provenance),
            "responses": dict(parts.sizes),
            **parts.digests,
        },
    }
