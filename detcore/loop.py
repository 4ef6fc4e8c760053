"""The training loop. It knows no models: an objective steps, a batch follows from its step number.

Axis key: none; batches pass through unseen.
"""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TextIO, TypeVar

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt, model_validator
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from detcore import checkpoint, stopping
from detcore.config import Settings
from detcore.distributed import Processes
from detcore.tracking import Tracker

Batch = TypeVar("Batch")
Given = TypeVar("Given", contravariant=True)
Watch = Callable[[int, float], None]
"""Hears step and value of each validation; may end the training by raising `Ended`."""


class LoopSettings(Settings):
    """How long to train, and how often to look.

    Attributes:
        steps: Optimisation steps.
        checkpoint_every: Steps between checkpoints.
        validate_every: Steps between validations; each is followed by a checkpoint.
        validate_from: Steps before the first validation, of a training with a first stage whose
            results are no candidates.
        patience: Stop after this many validations without improvement; null: never.
        max_minutes: Stop after this much wall-clock time, resumed time included; null: never.
        track_every: Steps between metrics sent to the tracker (all go to metrics.jsonl).
    """

    steps: PositiveInt
    checkpoint_every: PositiveInt = 200
    validate_every: PositiveInt = 200
    validate_from: NonNegativeInt = 0
    patience: PositiveInt | None = None
    max_minutes: NonNegativeFloat | None = None
    track_every: PositiveInt = 50

    @model_validator(mode="after")
    def _validated_once(self) -> Self:
        if self.validate_from > 0 and self.steps <= self.validate_from:
            raise ValueError(
                f"{self.steps} steps end before the first validation, which comes after step "
                f"{self.validate_from} (validate_from); without one there are no best weights"
            )
        return self


class Objective(Protocol[Given]):
    """One or several networks with their optimisers."""

    def step(self, batch: Given) -> dict[str, float]:
        """Optimise once; gives every loss term by name."""

    def weights(self) -> dict[str, Tensor]:
        """Weights of the network that training is for."""

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""


@dataclass
class Progression:
    """How far a training is, as kept in its checkpoint.

    Attributes:
        step: Steps done.
        best: Smallest validation value so far.
        best_step: Step of that value.
        stale: Validations since.
        seconds: Wall-clock time spent.
        cpu_seconds: CPU time spent, of all threads and processes.
    """

    step: int = 0
    best: float = math.inf
    best_step: int = 0
    stale: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def sentence(self, folder: Path) -> str:
        """How a training in a run folder went, for the screen."""
        found = (
            f"best validation {self.best:.4g} at step {self.best_step}"
            if self.best_step
            else "it ended before the first validation and has no weights to use yet: --resume it "
            "with more time (training.max_minutes)"
        )
        return f"{self.step} steps in {self.seconds:.0f} s; {found}; run folder {folder}"


class Loop(Generic[Batch]):
    """Trains one objective in one run folder.

    Arguments:
        objective: What is trained.
        batch_at: The batch of a step number, this process's share of it.
        validate: A value, the smaller the better, of the objective as it is.
        settings: See there.
        folder: The run folder.
        processes: Those that train together; the first one writes.
        tracker: Told about metrics.
        watch: Of a search; the loop then shows no progress of its own.
    """

    def __init__(
        self,
        objective: Objective[Batch],
        batch_at: Callable[[int], Batch],
        validate: Callable[[], float],
        settings: LoopSettings,
        folder: Path,
        processes: Processes,
        tracker: Tracker,
        watch: Watch | None = None,
    ) -> None:
        self.objective, self.batch_at, self.validate = objective, batch_at, validate
        self.settings, self.folder = settings, folder
        self.processes, self.tracker, self.watch = processes, tracker, watch
        self.done = Progression()

    def resume(self) -> bool:
        """Go back to the last checkpoint; False when there is none yet.

        Raises:
            ValueError: If it is not readable, or of other networks.
        """
        last = self.folder / checkpoint.LAST
        found = last.exists()
        if found:
            # On the CPU, from where each part takes what belongs to its device: Adam leaves its
            # counts of steps where they are, and on a GPU every step would wait for them.
            state = checkpoint.load(last)
            with checkpoint.fitting(last):
                self.objective.load_state_dict(state["objective"])
            self.done = Progression(**state["done"])
        if self.processes.first:
            checkpoint.trim_metrics(self.folder / checkpoint.METRICS, self.done.step)
        return found

    def run(self) -> Progression:
        """Train until the steps, the patience or the time are used up.

        Raises:
            FloatingPointError: At the first loss that is not finite; names the term and the step.
                The last checkpoint stays as it was.
            Stopped: When SIGTERM, SIGUSR1 or SIGINT comes, to whichever process; a checkpoint is
                written before.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        started = time.monotonic() - self.done.seconds
        # Earlier CPU time is that of all processes; the first one carries it.
        cpu_started = time.process_time() - self.done.cpu_seconds * self.processes.first
        with (
            (self.folder / checkpoint.METRICS).open("a", encoding="utf-8") as log,
            stopping.requests() as came,
            _progress(self.processes.first and self.watch is None) as bar,
        ):
            if self.processes.first:
                stopping.unmark(self.folder)
            task = bar.add_task("training", total=self.settings.steps, completed=self.done.step)
            while not self.finished:
                self._step(log)
                cpu = time.process_time() - cpu_started
                asked = self._agree(time.monotonic() - started, cpu, came)
                self._look(log)
                bar.update(task, completed=self.done.step, description=self._description())
                if asked and not self.finished:
                    self._stop(asked)
        return self.done

    @property
    def finished(self) -> bool:
        """Whether the steps, the patience or the time are used up."""
        s, done = self.settings, self.done
        return (
            done.step >= s.steps
            or (s.patience is not None and done.stale >= s.patience)
            or (s.max_minutes is not None and done.seconds >= 60 * s.max_minutes)
        )

    def _step(self, log: TextIO) -> None:
        step = self.done.step + 1
        metrics = self.processes.average(self.objective.step(self.batch_at(step)))
        _require_finite(metrics, step)
        self.done.step = step
        self._record(log, metrics, tracked=step % self.settings.track_every == 0)

    def _look(self, log: TextIO) -> None:
        """Validate when it is time and at the end, but no first stage; save likewise."""
        last = self.finished
        due = self.done.step % self.settings.validate_every == 0
        validates = (due or last) and self.done.step > self.settings.validate_from
        if validates:
            self._validate(log)
        if validates or last or self.done.step % self.settings.checkpoint_every == 0:
            self._save()

    def _validate(self, log: TextIO) -> None:
        # The others wait, see `distributed.LONGEST_WAIT`.
        value = self._agreed(self.validate() if self.processes.first else 0.0)
        _require_finite({"validation": value}, self.done.step)
        self._record(log, {"validation": value}, tracked=True)
        self.done.stale += 1
        if value < self.done.best:
            self.done.best, self.done.best_step, self.done.stale = value, self.done.step, 0
            if self.processes.first:
                best = {"step": self.done.step, "validation": value}
                state = best | {"weights": self.objective.weights()}
                checkpoint.save(state, self.folder / checkpoint.BEST)
        if self.watch is not None:
            self.watch(self.done.step, value)

    def _save(self) -> None:
        if self.processes.first:
            state = {"objective": self.objective.state_dict(), "done": vars(self.done)}
            checkpoint.save(state, self.folder / checkpoint.LAST)

    def _agree(self, seconds: float, cpu: float, came: stopping.Requests) -> str | None:
        """Set the time spent, and name the signal that has come to any process, on all of them."""
        wall = seconds if self.processes.first else 0.0
        flags = self.processes.average({"": wall, "cpu": cpu, **came.flags()})
        self.done.seconds = flags.pop("") * self.processes.world_size
        self.done.cpu_seconds = flags.pop("cpu") * self.processes.world_size
        return next((name for name, share in flags.items() if share), None)

    def _stop(self, name: str) -> None:
        self._save()
        if self.processes.first:
            stopping.mark(self.folder, name)
        self.processes.average({"": 0.0})  # nobody leaves before the checkpoint is written
        raise stopping.Stopped(name, self.done.step, self.folder)

    def _agreed(self, value: float) -> float:
        """The value of the first process, on all of them, so that they stop together."""
        mine = value if self.processes.first else 0.0
        return self.processes.average({"": mine})[""] * self.processes.world_size

    def _record(self, log: TextIO, metrics: Mapping[str, float], tracked: bool) -> None:
        if self.processes.first:
            log.write(json.dumps({"step": self.done.step, **metrics}) + "\n")
            log.flush()
            if tracked:
                self.tracker.metrics(metrics, self.done.step)

    def _description(self) -> str:
        best = f", best validation {self.done.best:.4g}" if self.done.best_step else ""
        return f"training{best}"


def _require_finite(metrics: Mapping[str, float], step: int) -> None:
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise FloatingPointError(
                f"{name} is {value} at step {step}; the last checkpoint is kept; "
                "lower the learning rate or the weight of that term"
            )


def _progress(shown: bool) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    quiet = not shown or Console().is_jupyter  # rich's widgets for notebooks want ipywidgets
    return Progress(*columns, TimeRemainingColumn(), disable=quiet)
