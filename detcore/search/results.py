"""The results of a study: a table of its trials, and the best settings ready to train."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from detcore import config, files
from detcore.config import Settings
from detcore.provenance import provenance
from detcore.search.space import SearchSettings, Value
from detcore.search.study import decoded
from detcore.wording import number

BEST, TABLE, RECORD, PAGE = "best.yaml", "trials.csv", "trials.json", "trials.md"
SHOWN = 20


def best_of(trials: Sequence[FrozenTrial]) -> FrozenTrial | None:
    """The completed trial with the smallest validation; None when none has completed."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return min(complete, key=lambda trial: trial.value or 0.0, default=None)


def rows(trials: Sequence[FrozenTrial]) -> list[dict[str, Any]]:
    """Number, state, validation, steps and values of every trial."""
    return [
        {
            "trial": trial.number,
            "state": trial.state.name.lower(),
            "validation": trial.value if trial.state == TrialState.COMPLETE else None,
            "last_step": trial.last_step,
            **decoded(trial.params),
        }
        for trial in trials
    ]


def write(
    folder: Path,
    settings: SearchSettings,
    trials: Sequence[FrozenTrial],
    experiment: Callable[[Mapping[str, Value]], Settings],
) -> None:
    """Write trials.csv, trials.json and trials.md, and best.yaml once a trial has completed.

    Arguments:
        folder: Of the study.
        settings: Of the study.
        trials: All of them.
        experiment: The experiment with the values of a trial.
    """
    table = rows(trials)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]) if table else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    files.write_text(folder / TABLE, text.getvalue())
    record = {
        **provenance("optuna", "torch", "numpy"),
        "settings": settings.model_dump(mode="json"),
        "trials": table,
    }
    files.write_text(folder / RECORD, json.dumps(record, indent=1) + "\n")
    files.write_text(folder / PAGE, page(settings, trials))
    best = best_of(trials)
    if best is not None:
        config.dump(experiment(decoded(best.params)), folder / BEST)


def page(settings: SearchSettings, trials: Sequence[FrozenTrial]) -> str:
    """The best trials as a table, and how many ended how."""
    names = list(settings.space)
    complete = sorted(
        (trial for trial in trials if trial.state == TrialState.COMPLETE),
        key=lambda trial: trial.value or 0.0,
    )
    lines = [
        f"| trial | validation | {' | '.join(names)} |",
        "|---" * (2 + len(names)) + "|",
    ]
    for trial in complete[:SHOWN]:
        values = decoded(trial.params)
        cells = (cell(values.get(name)) for name in names)
        lines.append(f"| {trial.number} | {number(trial.value)} | {' | '.join(cells)} |")
    states = [trial.state.name.lower() for trial in trials]
    counted = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    caption = (
        f"{len(trials)} trials ({counted}) of {settings.base}, sampler {settings.sampler}, pruner "
        f"{settings.pruner}, seed {settings.seed}; by the smallest validation, no test data."
    )
    return "\n".join([*lines, "", caption]) + "\n"


def cell(value: Value) -> str:
    """A value in a table."""
    return number(value) if isinstance(value, float) else json.dumps(value)
