"""The job of a command line: checked as the command itself would, and made fit for a queue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from detcore.batch.job import Job
from detcore.batch.resources import Resources
from detcore.config import with_short_forms

TRAINING: Final = "training"
RESUMED: Final = "resumed"
SHARED: Final = "shared"
PLAIN: Final = "plain"
RESUMING: Final = (TRAINING, RESUMED)


@dataclass(frozen=True)
class Batch:
    """Which commands of a program become jobs, and how.

    Arguments:
        program: `zdcsim` or `pid`.
        kinds: By name of the command: `training`, which resumes and may use several processes;
            `resumed`, one process that resumes; `shared`, which has an option --share; or `plain`.
        load: Reads the settings file of a training with its overrides; raises ValueError. An error
            shows before the queue, not after.
        example: For the help.
    """

    program: str
    kinds: Mapping[str, str]
    load: Callable[[Path, Sequence[str]], object]
    example: str


@dataclass(frozen=True)
class Placement:
    """Where a job's files lie and how it is divided.

    Arguments:
        name: Of the job; None: made of the command and what it writes.
        folder: Of the files.
        shares: Tasks of an array; 0: none.
        concurrent: Of them at the same time; None: no limit.
    """

    name: str | None
    folder: Path
    shares: int
    concurrent: int | None


def job(
    batch: Batch, words: Sequence[str], options: Mapping[str, Any], asked: Resources, at: Placement
) -> Job:
    """The job of a command line.

    Arguments:
        batch: The program.
        words: The command and its arguments.
        options: Its options as the command understood them.
        asked: What the job asks for.
        at: See there.

    Raises:
        ValueError: If the command cannot be a job, or not one in shares.
    """
    kind = batch.kinds.get(words[0])
    if kind is None:
        raise ValueError(
            f"{words[0]} is no command for a batch system; {', '.join(batch.kinds)} are"
        )
    if at.shares and kind != SHARED:
        able = [name for name, one in batch.kinds.items() if one == SHARED]
        raise ValueError(f"{words[0]} cannot be shared out; --shares is for {' and '.join(able)}")
    if options.get("share"):
        raise ValueError("give submit --shares, the number of tasks, instead of --share")
    if kind == TRAINING:
        short = {"seed": options["seed"], "training__device": options["device"]}
        batch.load(options["config"], with_short_forms(options["override"], **short))
    if kind == RESUMED and asked.nodes * asked.processes_per_node > 1:
        raise ValueError(
            f"{words[0]} is one process on one node; several jobs may work on the same folder"
        )
    return Job(
        name=at.name or _name(words[0], options),
        program=batch.program,
        arguments=(*words, *_added(words, options, kind, asked)),
        resources=asked,
        workdir=Path.cwd(),
        folder=at.folder.resolve(),
        shares=at.shares,
        concurrent=at.concurrent,
        run_folder=options["out"] if kind in RESUMING else None,
    )


def _added(
    words: Sequence[str], options: Mapping[str, Any], kind: str, asked: Resources
) -> list[str]:
    """Arguments that a job has more: it goes on where it stopped, and uses the cores it has.

    A command whose workers are 0 by default takes every core, of which the job has some; with
    another default they are those of a cluster.
    """
    added = ["--resume"] if kind in RESUMING and not options.get("resume") else []
    given = any(word.partition("=")[0] == "--workers" for word in words)
    every_core = options.get("workers") == 0 and not given
    if every_core and options.get("scheduler", "local") == "local":
        added += ["--workers", str(asked.cpus)]
    return added


def _name(command: str, options: Mapping[str, Any]) -> str:
    target = options.get("out") or options.get("config")
    return f"{command}-{Path(target).stem}" if target else command
