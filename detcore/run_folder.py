"""The record of a training: its settings and data, and whether to go on in a folder.

A run folder holds config.yaml and provenance.json beside what the training itself writes. The
latter says where the training began and on which data (`data`), with the present `settings`, and
under `resumes` from which step it went on, when, where and with which versions.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from detcore import config, files
from detcore.config import Settings
from detcore.stopping import Ended
from detcore.tracking import Tracker

CONFIG, PROVENANCE = "config.yaml", "provenance.json"
DATA, ORIGIN, RESUMES = "data", "provenance", "resumes"
"""In the record; the origin is what a data file says of itself, its digest is beside it."""
MayChange = Mapping[str, set[str] | None]
"""Settings that a resumed run may change, by group; None for the whole group."""


def check_place(folder: Path) -> None:
    """Refuse, before data are read, a path that cannot become a run folder.

    Raises:
        ValueError: If it is a file, or nothing can be written there.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, and a run needs a folder; choose another --out")
    files.check_writable(folder / CONFIG)


def check_folder(
    folder: Path,
    experiment: Settings,
    record: Mapping[str, Any],
    resume: bool,
    may_change: MayChange,
) -> None:
    """Refuse a folder that holds another run.

    Arguments:
        folder: Of the run.
        experiment: The settings.
        record: Where the run comes from; its `data` holds digests and numbers of rows.
        resume: Whether to go on with the run in the folder.
        may_change: Settings that may differ.

    Raises:
        ValueError: If it holds a run that is not resumed, or one with other settings or data.
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
    _check_data(folder, record)


def _check_data(folder: Path, record: Mapping[str, Any]) -> None:
    """Compare what both records say of the data; earlier versions said less."""
    old, new = _data(_record(folder)), _data(record)
    before = {key: value for key, value in old.items() if None not in (value, new.get(key))}
    now = {key: new[key] for key in before}
    if before != now:
        raise ValueError(
            f"{folder} was trained on other data ({_difference(before, now)}); resume with the "
            "same, or choose another folder"
        )


def open_folder(
    folder: Path,
    experiment: Settings,
    record: Mapping[str, Any],
    tracker: Tracker,
    *,
    step: int,
    finished: bool = False,
) -> None:
    """Write the settings and where the run comes from; a new run's settings are tracked.

    Arguments:
        folder: Of the run.
        experiment: The settings.
        record: Commit, time, machine, versions and `data` of this call.
        tracker: Told of the settings of a new run.
        step: Steps that the run has already; with any, what is held of its beginning is kept.
        finished: No step is left to do, so that this call is no resume.
    """
    fresh = not (folder / CONFIG).exists()
    settings = experiment.model_dump(mode="json")
    config.dump(experiment, folder / CONFIG)
    first = _record(folder) if step else {}
    if first and not finished:
        resumed = {"step": step, **{k: v for k, v in record.items() if k != DATA}}
        first = {**first, RESUMES: [*first.get(RESUMES, ()), resumed]}
    text = json.dumps({**(first or record), "settings": settings}, indent=2)
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


def _record(folder: Path) -> dict[str, Any]:
    """What the folder holds of where its run comes from; nothing if it was killed before."""
    return recorded(folder) if (folder / PROVENANCE).exists() else {}


def recorded(folder: Path) -> dict[str, Any]:
    """What a run says of where it comes from.

    Raises:
        ValueError: If the folder holds no such record.
    """
    path = folder / PROVENANCE
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        raise ValueError(f"{path} cannot be read; give the folder that a training wrote") from None
    return found


def _data(record: Mapping[str, Any]) -> dict[str, Any]:
    """Digests and numbers of rows by dotted name, as JSON gives them back."""
    told = {key: value for key, value in record.get(DATA, {}).items() if key != ORIGIN}
    flat: dict[str, Any] = json.loads(json.dumps(config.flattened({DATA: told})))
    return flat


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
