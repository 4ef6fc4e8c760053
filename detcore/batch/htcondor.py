"""Submit files and scripts for HTCondor.

HTCondor starts an evicted job anew by itself, after SIGTERM; a training then has written a
checkpoint and goes on from it. At its time limit a job is held, and a training is released again.
The files rely on a file system that all machines share.

Source: https://htcondor.readthedocs.io/en/latest/man-pages/condor_submit.html.
"""

import shlex

from detcore.batch.job import Job
from detcore.batch.launch import command, heading, setup_lines
from detcore.stopping import TRY_AGAIN

HELD_FOR_TIME = 47
"""HoldReasonCode of a job that ran longer than allowed_execute_duration."""


def script(job: Job) -> str:
    """The text of the script that the job runs; an array's task is told its number from 0."""
    share = [f'--share "$(($1 + 1))/{job.shares}"'] if job.shares else []
    submit = f"condor_submit {shlex.quote(str(job.folder / job.name))}.sub"
    sections = [
        ["#!/bin/bash", *heading(job, submit)],
        ["set -euo pipefail"],
        setup_lines(job),
        ["exec " + command(job, ["--standalone"], share)],
    ]
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def submit_file(job: Job) -> str:
    """The text of the submit file.

    Raises:
        ValueError: If the job asks for what HTCondor does not have.
    """
    asked = job.resources
    if asked.nodes > 1:
        raise ValueError(
            f"HTCondor's jobs run on one machine; {asked.nodes} nodes were asked for: take "
            "--gpus or --processes of one, or Slurm"
        )
    if asked.partition is not None:
        raise ValueError(
            f"HTCondor has no partition {asked.partition!r}; choose machines with "
            "--directive 'requirements = ...'"
        )
    path = job.folder / job.name
    logs = f"{job.logs / job.name}-$(ClusterId).$(ProcId)"
    lines = [
        *heading(job, f"condor_submit {path}.sub"),
        "universe = vanilla",
        f"executable = {path}.sh",
        "arguments = $(ProcId)" if job.shares else "",
        f"initialdir = {job.workdir}",
        "# Files lie on a file system that every machine sees.",
        "should_transfer_files = NO",
        f"output = {logs}.out",
        f"error = {logs}.err",
        f"log = {job.logs / job.name}-$(ClusterId).log",
        f"request_cpus = {asked.cpus}",
        f"request_memory = {asked.memory}",
        f"request_gpus = {asked.gpus}" if asked.gpus else "",
        f"accounting_group = {asked.account}" if asked.account else "",
        *_time(job),
        *asked.directives,
        f"max_materialize = {job.concurrent}" if job.concurrent and job.shares else "",
        f"queue {job.shares}" if job.shares else "queue",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _time(job: Job) -> list[str]:
    asked = job.resources
    lines = [
        "# Seconds after which the job is held.",
        f"allowed_execute_duration = {asked.seconds}",
    ]
    if job.run_folder is None:
        return lines
    return [
        *lines,
        "# A training gets SIGTERM, has this time for its checkpoint, and then goes on from it.",
        "kill_sig = SIGTERM",
        f"job_max_vacate_time = {asked.notice}",
        f"on_exit_remove = ExitCode =!= {TRY_AGAIN}",
        f"periodic_release = HoldReasonCode == {HELD_FOR_TIME}",
    ]


def dag(first: Job, then: Job) -> str:
    """The text of a DAGMan file: the second job when all tasks of the first have succeeded."""
    path = first.folder / f"{then.name}.dag"
    lines = [
        *heading(then, f"condor_submit_dag {shlex.quote(str(path))}"),
        *(f"JOB {job.name} {job.folder / job.name}.sub" for job in (first, then)),
        "# A task that fails is tried again; what it has finished is not repeated.",
        f"RETRY {first.name} 3",
        f"PARENT {first.name} CHILD {then.name}",
    ]
    return "\n".join(lines) + "\n"
