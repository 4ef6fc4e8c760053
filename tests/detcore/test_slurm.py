"""Jobs through a real Slurm; only where its daemons are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch", "runuser")
MISSING = [name for name in DAEMONS if shutil.which(name) is None]


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"Slurm is not installed: no {', '.join(MISSING)}")
@pytest.mark.skipif(os.getuid() != 0, reason="starting Slurm's daemons needs root")
def test_an_interrupted_training_and_an_array_through_slurm(tmp_path: Path) -> None:
    scenarios = ["uninterrupted", "interrupted", "killed", "generation"]
    command = [sys.executable, "benchmarks/slurm.py", "--by-hand", "--steps", "100"]
    command += ["--out", str(tmp_path), "--only", *scenarios]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "slurm.md").read_text()
    assert page.count("bit for bit") == 2
    assert page.count("1 restart") == 2
    assert "equal to those of one process" in page
