"""The lines of shell with which a job starts its command, whatever the batch system."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from detcore.batch.job import Job

CONTINUED: Final = " \\\n    "


def setup_lines(job: Job) -> list[str]:
    """Set-up of the environment, before the command."""
    lines = ["# Environment."]
    lines += job.resources.setup or _this_environment(job)
    lines.append("# Cores of each process.")
    lines.append(f"export OMP_NUM_THREADS={job.resources.threads if job.run_folder else 1}")
    return lines


def command(job: Job, launcher: Sequence[str], more: Sequence[str] = ()) -> str:
    """The command with what starts it, as lines of one statement.

    Arguments:
        job: What runs.
        launcher: Words of torchrun's rendezvous, shell already.
        more: Further words after the arguments, shell already, such as the share.
    """
    parts = []
    if job.resources.container is not None:
        nvidia = " --nv" if job.resources.gpus else ""
        image = shlex.quote(str(job.resources.container))
        parts.append(f'apptainer exec{nvidia} --bind "$PWD" {image}')
    if job.together > 1:
        processes = f"--nproc-per-node={job.resources.processes_per_node}"
        parts.append(" ".join(["torchrun", processes, *launcher]))
        parts.append(f"-m {job.program} {shlex.join(job.arguments)}")
    else:
        parts.append(f"{job.program} {shlex.join(job.arguments)}")
    if more:
        parts[-1] += " " + " ".join(more)
    return CONTINUED.join(parts)


def heading(job: Job, submit_with: str) -> list[str]:
    """The comment at the top of a file: what it does, who wrote it, how it is submitted."""
    return [
        f"# {job.program} {shlex.join(job.arguments)}",
        f"# Written by `{job.program} submit` ({job.source}).",
        f"# Submit it with:  {submit_with}",
    ]


def _this_environment(job: Job) -> list[str]:
    """Without set-up lines: the Python that wrote the file, unless a container brings its own."""
    if job.resources.container is not None:
        return ["# (all in the container)"]
    lines = [f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"]
    if path := os.environ.get("PYTHONPATH"):
        lines.append(f"export PYTHONPATH={shlex.quote(path)}")
    return lines
