"""What a batch job does with a training: a signal, a checkpoint, the exit code."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from detcore import checkpoint
from detcore.stopping import MARKER

REPOSITORY = Path(__file__).parents[2]
TRAIN = ["train", "configs/zdcsim/debug.yaml", "--resume", "--set", "training.validate_every=40",
         "--set", "training.checkpoint_every=40", "--set", "training.steps=100000"]  # fmt: skip
MEET = ["--master-addr=127.0.0.1", "--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", *MEET]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}


def started(launcher: list[str], folder: Path) -> subprocess.Popen[str]:
    """A training that ignores SIGUSR1 until it can answer it, as our jobs start one."""
    command = [*launcher, "-m", "zdcsim", *TRAIN, "--out", str(folder)]
    ignoring = ["bash", "-c", 'trap "" USR1; exec "$@"', "bash", *command]
    process = subprocess.Popen(
        ignoring, cwd=REPOSITORY, env=ENVIRONMENT, text=True, stderr=subprocess.PIPE
    )
    metrics = folder / checkpoint.METRICS
    end = time.monotonic() + 300
    while not (metrics.exists() and metrics.read_text().count("\n") >= 2):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.05)
    return process


@pytest.mark.slow
def test_a_signal_to_one_process_stops_all_of_them_after_the_same_step(tmp_path: Path) -> None:
    process = started(TORCHRUN, tmp_path / "run")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(process.pid, signal.SIGUSR1)  # torchrun itself must not mind
    os.kill(int(children[-1]), signal.SIGUSR1)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert (tmp_path / "run" / MARKER).read_text() == "SIGUSR1\n"
    step = checkpoint.load(tmp_path / "run" / checkpoint.LAST)["done"]["step"]
    assert step < 100_000
    assert said.count(f"stopped by SIGUSR1 after step {step};") == 2


@pytest.mark.slow
def test_a_cancelled_training_of_one_process_says_try_again(tmp_path: Path) -> None:
    process = started([sys.executable], tmp_path / "run")
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75
    assert "stopped by SIGTERM after step" in said.splitlines()[-1]
    assert "Traceback" not in said
