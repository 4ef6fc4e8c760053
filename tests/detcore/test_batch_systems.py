"""Clusters of Slurm's and HTCondor's jobs.

Each runs in a process of its own: Dask waits ten seconds and no longer for the thread of a new
cluster, which beside other clusters of the same process, whose workers were killed, is too short.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from detcore.cluster import connected

SBATCH = """#!/bin/sh
job=$(cat "$1")
sh -c "$job" > /dev/null 2>&1 &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
kill "$1"
"""
SLURM = """
import dask, dask_jobqueue
from detcore.cluster import connected
with dask.config.set({"jobqueue.slurm.memory": "1GB"}), connected("slurm", 2) as cluster:
    print(list(cluster.ordered(abs, range(-5, 1))), set(cluster.client.nthreads().values()))
"""
HTCONDOR = """
import dask, dask_jobqueue
from detcore import cluster
job = {"jobqueue.htcondor.memory": "1GB", "jobqueue.htcondor.disk": "1GB"}
with dask.config.set(job), cluster._job_queue("htcondor", 0) as new:
    print(new.job_script())
"""


def said(script: str, path: str = "") -> str:
    """What a script prints in a process of its own, with a folder before PATH."""
    environment = os.environ | {
        "PATH": f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"]
    }
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_jobs_of_slurm_work_and_end(tmp_path: Path) -> None:
    # A batch system of two commands: it runs a job at once, in the background.
    for name, script in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    assert said(SLURM, str(tmp_path)) == "[5, 4, 3, 2, 1, 0] {1}\n"


def test_jobs_of_htcondor_have_one_process_each() -> None:
    script = said(HTCONDOR)
    assert "--nthreads 1" in script
    assert "RequestMemory = " in script


@pytest.mark.parametrize("name", ["slurm", "htcondor"])
def test_jobs_without_configuration_are_one_sentence(name: str) -> None:
    with (
        pytest.raises(ValueError, match=f"the jobs of {name} are not configured; write memory"),
        connected(name, 1),
    ):
        pass
