"""The record of a training: which settings a folder was trained with, and whether to go on there.

A run folder holds config.yaml and provenance.json beside what the training itself writes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from detcore import config, files
from detcore.config import Settings
from detcore.stopping import Ended
from detcore.tracking import Tracker

CONFIG, PROVENANCE = "config.yaml", "provenance.json"
MayChange = Mapping[str, set[str] | None]
"""Settings that a resumed run may change, by group; None for the whole group."""


def check_folder(folder: Path, experiment: Settings, resume: bool, may_change: MayChange) -> None:
    """Refuse a folder that holds another run.

    Raises:
        ValueError: If it holds a run that is not resumed, or one with other settings.
    """
    held = folder / CONFIG
    if not held.exists():
        return
    if not resume:
        raise ValueError(f"{folder} already holds a run; resume it or choose another folder")
    before = _fixed(config.load(held, type(experiment)), may_change)
    now = _fixed(experiment, may_change)
    if before != now:
        raise ValueError(
            f"{folder} was trained with other settings ({_difference(before, now)}); "
            "resume with the same ones"
        )


def open_folder(
    folder: Path, experiment: Settings, record: Mapping[str, object], tracker: Tracker
) -> None:
    """Write the settings and where the run comes from; a new run's settings are tracked."""
    fresh = not (folder / CONFIG).exists()
    settings = experiment.model_dump(mode="json")
    config.dump(experiment, folder / CONFIG)
    text = json.dumps({**record, "settings": settings}, indent=2)
    files.write_text(folder / PROVENANCE, text + "\n")
    if fresh:
        tracker.parameters(settings)


@contextmanager
def tracked(tracker: Tracker, folder: Path, artifacts: Sequence[str]) -> Iterator[None]:
    """Keep the named files of the folder when the block succeeds, and say how it ended."""
    status = "FAILED"
    try:
        yield
        status = "FINISHED"
        for name in artifacts:
            if (folder / name).exists():
                tracker.artifact(folder / name)
    except Ended:
        status = "KILLED"
        raise
    finally:
        tracker.finish(status)


def _fixed(experiment: Settings, may_change: MayChange) -> dict[str, object]:
    values = experiment.model_dump(mode="json")
    for group, names in may_change.items():
        if names is None:
            del values[group]
        elif group in values:
            values[group] = {k: v for k, v in values[group].items() if k not in names}
    return values


def _difference(before: dict[str, object], now: dict[str, object]) -> str:
    a, b = config.flattened(before), config.flattened(now)
    return ", ".join(
        f"{key}: {a.get(key)!r}, now {b.get(key)!r}" for key in b if a.get(key) != b[key]
    )
