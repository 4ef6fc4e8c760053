"""How far a study is, on the error stream."""

from collections.abc import Sequence

from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from detcore.search.results import best_of, cell
from detcore.search.study import decoded
from detcore.wording import number


class Shown:
    """A bar of trials with the last validation beside it, and a line for each trial that ended.

    Arguments:
        total: Trials of the study.
    """

    def __init__(self, total: int) -> None:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        self._bar = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True))
        self._task = self._bar.add_task("trials", total=total)
        self._trials: list[FrozenTrial] = []

    def __enter__(self) -> "Shown":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def start(self, trials: Sequence[FrozenTrial]) -> None:
        """Begin where a study stands."""
        self._trials = [trial for trial in trials if trial.state.is_finished()]
        self._bar.update(self._task, completed=len(self._trials))

    def watch(self, step: int, value: float) -> None:
        """Show the validation of the trial that runs."""
        text = f"trials, step {step}: validation {number(value)}"
        self._bar.update(self._task, description=text)

    def told(self, trial: FrozenTrial) -> None:
        """Show a trial that has ended, beside the best."""
        self._trials.append(trial)
        self._bar.update(self._task, completed=len(self._trials))
        self._bar.console.print(line(trial, best_of(self._trials)), highlight=False)


def line(trial: FrozenTrial, best: FrozenTrial | None) -> str:
    """One trial in words."""
    values = ", ".join(f"{name} {cell(value)}" for name, value in decoded(trial.params).items())
    ended = {
        TrialState.COMPLETE: f"validation {number(trial.value)}",
        TrialState.PRUNED: f"pruned at step {trial.last_step}",
        TrialState.FAIL: f"failed: {trial.user_attrs.get('failed', '')}",
    }[trial.state]
    leading = f" (best {number(best.value)}, trial {best.number})" if best else ""
    return f"trial {trial.number}: {ended}{leading}; {values}"
