"""Scripts for Slurm.

A training is told by SIGUSR1, some minutes before its time is up, to write a checkpoint and stop;
its script then puts the job back into the queue, where the same command goes on. The signal goes
to every process of the step: torchrun, which would die of it, ignores it, and so do our processes
until their loop answers it. A job of a node that died is requeued by Slurm itself.

Source: https://slurm.schedmd.com/sbatch.html.
"""

import shlex

from detcore.batch.job import Job
from detcore.batch.launch import command, heading, setup_lines
from detcore.stopping import MARKER

PORTS = 20000
"""First port of the rendezvous of several nodes, and how many follow."""


def script(job: Job) -> str:
    """The text of a job's script."""
    path = job.folder / f"{job.name}.sh"
    body = _training(job) if job.run_folder is not None else _task(job)
    sections = [
        ["#!/bin/bash", *heading(job, f"sbatch {shlex.quote(str(path))}")],
        _directives(job),
        ["set -euo pipefail"],
        setup_lines(job),
        *body,
    ]
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _directives(job: Job) -> list[str]:
    asked = job.resources
    log = "%x-%A_%a.log" if job.shares else "%x-%j.log"
    lines = [
        f"#SBATCH --job-name={job.name}",
        f"#SBATCH --chdir={job.workdir}",
        "# All that it prints; a job that is requeued goes on in the same file.",
        f"#SBATCH --output={job.logs / log}",
        "#SBATCH --open-mode=append",
        "#SBATCH --requeue",
        f"#SBATCH --time={asked.time}",
        f"#SBATCH --nodes={asked.nodes}",
        "#SBATCH --ntasks-per-node=1",
        f"#SBATCH --cpus-per-task={asked.cpus}",
        f"#SBATCH --mem={asked.memory}",
    ]
    named = {"partition": asked.partition, "account": asked.account}
    lines += [f"#SBATCH --{name}={value}" for name, value in named.items() if value]
    if asked.gpus:
        lines.append(f"#SBATCH --gpus-per-node={asked.gpus}")
    if job.shares:
        at_once = f"%{job.concurrent}" if job.concurrent else ""
        lines.append(f"#SBATCH --array=1-{job.shares}{at_once}")
    if job.run_folder is not None:
        lines.append("# So many seconds before the time is up the training writes a checkpoint.")
        lines.append(f"#SBATCH --signal=USR1@{asked.notice}")
    return lines + [f"#SBATCH {line}" for line in asked.directives]


def _training(job: Job) -> list[list[str]]:
    sections = []
    if job.resources.nodes > 1:
        sections.append(_meeting())
    srun = [
        'srun --cpus-per-task="$SLURM_CPUS_PER_TASK" --kill-on-bad-exit=1',
        """bash -c 'trap "" USR1; exec "$@"' launch""",
        command(job, _rendezvous(job)),
    ]
    sections.append(
        [
            "# The launcher must not mind the signal, which is for the processes it starts.",
            "code=0",
            " \\\n    ".join(srun) + " || code=$?",
        ]
    )
    marker = shlex.quote(str(job.run_folder)) + f"/{MARKER}"
    sections.append(
        [
            "# Stopped before the time was up: the same job again, from the checkpoint.",
            f"if grep -qs SIGUSR1 {marker}; then",
            '    scontrol requeue "$SLURM_JOB_ID"',
            "fi",
            "exit $code",
        ]
    )
    return sections


def _meeting() -> list[str]:
    return [
        "# The processes of all nodes meet at the first, which is where this script runs.",
        f'meeting="$(hostname):$(({PORTS} + SLURM_JOB_ID % {PORTS}))"',
    ]


def _rendezvous(job: Job) -> list[str]:
    if job.resources.nodes == 1:
        return ["--standalone"]
    return [
        f"--nnodes={job.resources.nodes}",
        "--rdzv-backend=c10d",
        '--rdzv-endpoint="$meeting"',
        '--rdzv-id="$SLURM_JOB_ID.${SLURM_RESTART_COUNT:-0}"',
    ]


def _task(job: Job) -> list[list[str]]:
    share = [f'--share "$SLURM_ARRAY_TASK_ID/{job.shares}"'] if job.shares else []
    return [["exec " + command(job, (), share)]]
