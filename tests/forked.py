"""Commands of ours, each in a process of its own that has imported the libraries already.

A command of a page takes seconds to import what it needs and less to do what it is asked for, so
those of a module of tests are forked from one process that imported it all.
"""

import multiprocessing
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

PROGRAMS = {"zdcsim": "zdcsim.cli.main", "pid": "pid.cli.main"}
IMPORTED = (
    *PROGRAMS.values(), "torch._dynamo", "zdcsim.training", "zdcsim.export.o2", "zdcsim.generation",
    "zdcsim.evaluation.judgement", "pid.training", "pid.export.o2physics",
)  # fmt: skip
OF_A_SHELL = re.compile(r"[|&;$<>*?(){}`\\]")
ASSIGNMENT = re.compile(r"^(\w+)=(.*)$", re.DOTALL)


class Ended(NamedTuple):
    """How a command ended, and all that it printed."""

    code: int | None
    said: str


def program_of(line: str) -> tuple[list[str], dict[str, str]] | None:
    """Words of a line and the variables set before them; None if it is none of our programs.

    Arguments:
        line: Of a shell, without a comment.
    """
    words, variables = shlex.split(line), {}
    while words and (found := ASSIGNMENT.match(words[0])):
        variables[found[1]] = found[2]
        words = words[1:]
    ours = bool(words) and words[0] in PROGRAMS
    return (words, variables) if ours and not OF_A_SHELL.search(unquoted(line)) else None


def unquoted(line: str) -> str:
    """A line without what stands in quotes."""
    return re.sub(r"'[^']*'|\"[^\"$`\\]*\"", "", line)


def run(words: Sequence[str], folder: Path, environment: Mapping[str, str], printed: Path) -> Ended:
    """Run one of our programs, or Python's text.

    Arguments:
        words: `zdcsim` or `pid` and its arguments; or `python`, `-c` and the text.
        folder: Where.
        environment: All variables.
        printed: File for what is printed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    process = context.Process(
        target=_inside, args=(list(words), folder, dict(environment), printed)
    )
    process.start()
    process.join()
    return Ended(process.exitcode, printed.read_text(encoding="utf-8", errors="replace"))


def _inside(words: list[str], folder: Path, environment: dict[str, str], printed: Path) -> None:
    """In the forked process."""
    with printed.open("wb", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = list(words)
    if words[0] == "python":
        sys.path.insert(0, "")
        exec(compile(words[2], "<page>", "exec"), {"__name__": "__main__"})
    else:
        import_module(PROGRAMS[words[0]]).main()
