"""Trainings and candidates that the benchmarks of `pid` share."""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from detcore.files import sha256
from detcore.provenance import shortened

CONFIGS = Path("configs/pid")
ADAPTED = ("dann", "cdan", "coral")


@dataclass(frozen=True)
class Job:
    """One training: settings file without its ending, and seed."""

    config: str
    seed: int


@dataclass(frozen=True)
class Plan:
    """What all trainings have in common.

    Arguments:
        runs: Folder of the runs.
        train: Labelled tracks.
        target: Unlabelled tracks for adaptation.
        settings: Of every network, a.b=value; trees have no steps.
    """

    runs: Path
    train: Path
    target: Path | None
    settings: tuple[str, ...]

    def folder(self, job: Job) -> Path:
        """Where a job's run lies."""
        return self.runs / f"{job.config}-{job.seed}"


def pid(*arguments: str | Path) -> None:
    """Run one command of the command line."""
    subprocess.run([sys.executable, "-m", "pid", *map(str, arguments)], check=True)


def run_folder(job: Job, plan: Plan) -> Path:
    """The run of a job, trained if it is not there.

    Raises:
        ValueError: If there is one of other settings or other files.
    """
    folder = plan.folder(job)
    marker, asked = folder / "trained", command(job, plan)
    if not marker.exists():
        pid(*asked[:2], "--out", folder / "run", "--resume", *asked[2:])
        marker.write_text(described(asked, plan))
    elif marker.read_text() != described(asked, plan):
        raise ValueError(
            f"{folder} was trained otherwise than is asked for; name another --runs, or remove it"
        )
    return folder / "run"


def described(asked: list[str], plan: Plan) -> str:
    """The command that trains, with the files as they are."""
    files = [plan.train, *([plan.target] if plan.target else [])]
    return json.dumps({"command": asked, "files": [sha256(path) for path in files]})


def only_trained(jobs: list[Job], plan: Plan) -> list[Job]:
    """The jobs whose runs are there."""
    return [job for job in jobs if (plan.folder(job) / "trained").exists()]


def run_folders(jobs: list[Job], plan: Plan, parallel: int) -> list[Path]:
    """The runs of all jobs, in their order."""
    with ThreadPoolExecutor(parallel) as pool:
        return list(pool.map(lambda job: run_folder(job, plan), jobs))


def command(job: Job, plan: Plan) -> list[str]:
    """The command line that trains or adapts, but for where and that it goes on after a kill."""
    adapts = job.config in ADAPTED
    asked = ["adapt" if adapts else "train", str(CONFIGS / f"{job.config}.yaml")]
    asked += ["--seed", str(job.seed)]
    settings = ["tracking.enabled=false", f"data.train={plan.train}"]
    if job.config.startswith("trees"):
        settings.append("boosting.threads=1")
    else:
        settings += ["training.threads=1", *plan.settings]
    asked += [part for text in settings for part in ("--set", text)]
    return asked + (["--target", str(plan.target)] if adapts and plan.target else [])


def trained_at(jobs: list[Job], plan: Plan) -> list[str]:
    """Commits that the trainings were made with."""
    records = [plan.folder(job) / "run" / "provenance.json" for job in jobs]
    return sorted({shortened(str(json.loads(path.read_text())["commit"])) for path in records})


def parser(description: str, runs: str) -> argparse.ArgumentParser:
    """Options that both benchmarks have."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    made.add_argument("--train", type=Path, default=Path("runs/pid_training.root"))
    made.add_argument("--sample", type=Path, default=Path("data/pid_simulation.root"))
    made.add_argument("--shifted", type=Path, default=Path("data/pid_shifted.root"))
    made.add_argument("--shifted-truth", type=Path, default=Path("data/pid_shifted_truth.root"))
    made.add_argument("--runs", type=Path, default=Path(runs))
    made.add_argument("--set", nargs="*", default=[], help="settings of every network, a.b=v")
    made.add_argument("--only-trained", action="store_true", help="judge the runs that are there")
    made.add_argument("--parallel", type=int, default=1, help="trainings at a time")
    made.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    return made
