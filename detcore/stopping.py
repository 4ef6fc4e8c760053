"""Stopping a training on a signal, with a checkpoint, as batch systems ask for.

SIGUSR1 is what our jobs receive some minutes before their time is up, SIGTERM what a batch system
sends before it ends or moves a job, SIGINT what Ctrl-C sends. A second signal of the same kind
changes nothing, as the checkpoint of the first is on its way; but a second Ctrl-C stops at once.

Source: https://slurm.schedmd.com/sbatch.html, option --signal; sysexits.h for the exit code.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from detcore.files import write_text

KEYBOARD: Final = "SIGINT"
SIGNALS: Final = ("SIGTERM", "SIGUSR1", KEYBOARD)
MARKER: Final = "stopped"
"""File of a run folder that was left unfinished on a signal; holds the signal's name."""
TRY_AGAIN: Final = 75
"""EX_TEMPFAIL: what a stopped training ends with, for it may be taken up again."""


class Ended(Exception):
    """A training that was ended before its steps, on purpose."""


class Pruned(Ended):
    """A trial of a search that is not worth its remaining steps."""


class Stopped(Ended):
    """A training that wrote a checkpoint and stopped, because it was asked to.

    Arguments:
        name: The signal.
        step: The last step done.
        folder: The run folder.
    """

    def __init__(self, name: str, step: int, folder: Path) -> None:
        super().__init__(
            f"stopped by {name} after step {step}; {folder} goes on from there with --resume"
        )
        self.name, self.step, self.folder = name, step, folder


@dataclass
class Requests:
    """Signals that have come.

    Attributes:
        names: Of those that have come.
    """

    names: set[str] = field(default_factory=set)

    def flags(self) -> dict[str, float]:
        """1 for every signal that has come, else 0, by name."""
        return {name: float(name in self.names) for name in SIGNALS}


@contextmanager
def requests() -> Iterator[Requests]:
    """Take signals as requests while the block runs; only the main thread can.

    Raises:
        KeyboardInterrupt: At the second Ctrl-C.
    """
    came = Requests()
    if threading.current_thread() is not threading.main_thread():
        yield came
        return

    def note(number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if name == KEYBOARD:
            if name in came.names:
                raise KeyboardInterrupt
            sys.stderr.write("\nstops with a checkpoint; Ctrl-C again stops without\n")
        came.names.add(name)

    before = {name: signal.signal(signal.Signals[name], note) for name in SIGNALS}
    try:
        yield came
    finally:
        for name, handler in before.items():
            signal.signal(signal.Signals[name], handler)


def mark(folder: Path, name: str) -> None:
    """Note in a run folder by which signal it was stopped."""
    write_text(folder / MARKER, name + "\n")


def unmark(folder: Path) -> None:
    """Forget that note: the run goes on."""
    (folder / MARKER).unlink(missing_ok=True)


def exit_code() -> int:
    """What a stopped training ends with.

    `torchrun` takes every code but 0 for a failure, at which it kills the other processes and
    prints a traceback; there the note in the run folder says it alone.
    """
    return 0 if "TORCHELASTIC_RUN_ID" in os.environ else TRY_AGAIN
