"""A study: trials that train in folders of their own, by Optuna, in a folder that can be resumed.

The sampler of a trial is seeded by the study's seed and the trial's number, so that a study that
was interrupted tries what it would have tried. Several processes may work on one folder; a trial
whose process died is taken up from its checkpoint by the next.

Source: T. Akiba et al., Optuna, arXiv:1907.10902; L. Li et al., Hyperband, arXiv:1603.06560.
"""

import fcntl
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import optuna
from optuna import pruners
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from detcore import config, stopping
from detcore.config import Settings
from detcore.loop import Progression, Watch
from detcore.search.space import SearchSettings, Tried, Value, corners, overrides
from detcore.stopping import Pruned, Stopped

JOURNAL, STUDY, TRIALS, LOCK = "journal.log", "study.yaml", "trials", "lock"
RUNS_ON = {"trials"}
"""Settings of a study that a resume may change."""
Experiment = TypeVar("Experiment", bound=Settings)


@dataclass(frozen=True)
class Training(Generic[Experiment]):
    """What a program searches with.

    Arguments:
        load: The experiment of a settings file with overrides.
        run: Trains an experiment in a folder, resumed, watched.
    """

    load: Callable[[Path, list[str]], Experiment]
    run: Callable[[Experiment, Path, Watch], Progression]


@dataclass(frozen=True)
class Study(Generic[Experiment]):
    """A study in its folder.

    Arguments:
        settings: What is tried.
        folder: Of the study.
        training: How a trial is trained.
    """

    settings: SearchSettings
    folder: Path
    training: Training[Experiment]

    def open(self, resume: bool) -> None:
        """Check every searched setting at its extremes, and start the folder or take it up.

        Raises:
            ValueError: If a setting is wrong, or the folder holds another study, or one that is not
                resumed.
        """
        for values in corners(self.settings):
            self.experiment(values)
        held = self.folder / STUDY
        if held.exists():
            if not resume:
                raise ValueError(
                    f"{self.folder} already holds a study; resume it or choose another folder"
                )
            self._check_same(config.load(held, SearchSettings))
        config.dump(self.settings, held)

    def _check_same(self, before: SearchSettings) -> None:
        old, new = before.model_dump(mode="json"), self.settings.model_dump(mode="json")
        differs = [name for name in new if old[name] != new[name] and name not in RUNS_ON]
        if differs:
            raise ValueError(
                f"{self.folder} holds a study with another {', '.join(differs)}; resume with the "
                "same one, or choose another folder"
            )

    def experiment(self, values: Mapping[str, Value]) -> Experiment:
        """The experiment with these values; MLflow keeps a study's trials together."""
        grouped = f"tracking.experiment={self.folder.name}"
        return self.training.load(self.settings.base, [grouped, *overrides(self.settings, values)])

    def run(self, told: Callable[[FrozenTrial], None], watch: Watch) -> list[FrozenTrial]:
        """Run trials until there are as many as the settings say.

        Arguments:
            told: Hears of each trial that has ended.
            watch: Hears of each validation of the trial that runs.

        Returns:
            All trials.

        Raises:
            Stopped: On SIGTERM, SIGUSR1 or SIGINT; the trial has written a checkpoint.
            ValueError, RuntimeError: Of a trial's training, as long as no trial has ended well;
                later it is recorded, and the next trial begins.
        """
        stopping.unmark(self.folder)
        study = self._study()
        for abandoned in study.get_trials(states=(TrialState.RUNNING,)):
            self._take(study, optuna.Trial(study, abandoned._trial_id), watch, told)
        while (number := len(study.get_trials(deepcopy=False))) < self.settings.trials:
            study.sampler = self._sampler(number)
            self._take(study, study.ask(distributions(self.settings)), watch, told)
        return study.get_trials()

    def _take(
        self,
        study: optuna.Study,
        trial: optuna.Trial,
        watch: Watch,
        told: Callable[[FrozenTrial], None],
    ) -> None:
        """Run a trial unless another process has it, or had it a moment ago."""
        with _held(self.trial_folder(trial.number)) as ours:
            if ours and study.get_trials()[trial.number].state == TrialState.RUNNING:
                self._tried(study, trial, watch, told)

    def trial_folder(self, number: int) -> Path:
        """The run folder of a trial."""
        return self.folder / TRIALS / f"{number:04d}"

    def trials(self) -> list[FrozenTrial]:
        """All trials so far."""
        return self._study().get_trials()

    def _tried(
        self,
        study: optuna.Study,
        trial: optuna.Trial,
        watch: Watch,
        told: Callable[[FrozenTrial], None],
    ) -> None:
        reported = set(study.get_trials()[trial.number].intermediate_values)

        def report(step: int, value: float) -> None:
            watch(step, value)
            if step not in reported:
                trial.report(value, step)
                if trial.should_prune():
                    raise Pruned(f"trial {trial.number} is pruned at step {step}")

        folder = self.trial_folder(trial.number)
        try:
            done = self.training.run(self.experiment(decoded(trial.params)), folder, report)
            trial.set_user_attr("best_step", done.best_step)
            study.tell(trial, done.best)
        except Pruned:
            study.tell(trial, state=TrialState.PRUNED)
        except (FloatingPointError, ValueError, RuntimeError) as error:
            # A trial that stayed RUNNING would be taken up first by every resume, and fail again.
            trial.set_user_attr("failed", str(error))
            study.tell(trial, state=TrialState.FAIL)
            ended = study.get_trials(
                deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)
            )
            if not ended and not isinstance(error, FloatingPointError):
                raise  # more likely the settings of all trials than the values of this one
        except Stopped as stop:
            stopping.mark(self.folder, stop.name)
            raise
        told(study.get_trials()[trial.number])

    def _study(self) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(self.folder / JOURNAL))),
            study_name=self.folder.name,
            pruner=self._pruner(),
            load_if_exists=True,
        )

    def _sampler(self, number: int) -> optuna.samplers.BaseSampler:
        seed = int(np.random.SeedSequence([self.settings.seed, number]).generate_state(1)[0])
        if self.settings.sampler == "random":
            return optuna.samplers.RandomSampler(seed)
        return optuna.samplers.TPESampler(n_startup_trials=self.settings.startup, seed=seed)

    def _pruner(self) -> pruners.BasePruner:
        if self.settings.pruner == "none":
            return pruners.NopPruner()
        if self.settings.pruner == "hyperband":
            return Hyperband(self.settings.startup)
        return Median(self.settings.startup)


class Hyperband(pruners.HyperbandPruner):
    """Optuna's, which also compares with the first trials, but stops none of them.

    Arguments:
        startup: How many these are.
    """

    def __init__(self, startup: int) -> None:
        super().__init__()
        self.startup = startup

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether the trial shall stop; it is entered into its bracket whether or not."""
        return super().prune(study, trial) and trial.number >= self.startup


class Median(pruners.MedianPruner):
    """Optuna's, which waits for as many finished trials, but stops none of the first.

    With several processes some of the first may still run when others have finished.

    Arguments:
        startup: How many these are.
    """

    def __init__(self, startup: int) -> None:
        super().__init__(n_startup_trials=startup)
        self.startup = startup

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether the trial shall stop."""
        return trial.number >= self.startup and super().prune(study, trial)


def distributions(settings: SearchSettings) -> dict[str, BaseDistribution]:
    """Optuna's form of the space."""
    return {name: _distribution(each) for name, each in settings.space.items()}


def _distribution(each: Tried) -> BaseDistribution:
    if each.choices is not None:
        return CategoricalDistribution([json.dumps(value) for value in each.choices])
    low, high = each.range()
    if each.whole:
        return IntDistribution(int(low), int(high), each.log, int(each.step or 1))
    return FloatDistribution(low, high, each.log, each.step)


def decoded(params: Mapping[str, Any]) -> dict[str, Value]:
    """Values of a trial; choices are kept as JSON, for Optuna knows no lists."""
    return {name: json.loads(v) if isinstance(v, str) else v for name, v in params.items()}


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Hold a trial while the block runs; False if another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
