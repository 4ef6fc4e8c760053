"""Trainings and bundles that the benchmarks of `pid` share."""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from detcore.bundle import MANIFEST

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
        """Where a job's run and bundle lie."""
        return self.runs / f"{job.config}-{job.seed}"


def pid(*arguments: str | Path) -> None:
    """Run one command of the command line."""
    subprocess.run([sys.executable, "-m", "pid", *map(str, arguments)], check=True)


def bundle(job: Job, plan: Plan) -> Path:
    """The bundle of a job, trained and exported if it is not there."""
    folder = plan.folder(job)
    if not (folder / "bundle" / MANIFEST).exists():
        run = folder / "run"
        if not (folder / "trained").exists():
            train(job, plan, run)
            (folder / "trained").touch()
        pid("export", run, "--sample", plan.train, "--out", folder / "bundle")
    return folder / "bundle"


def average(config: str, seeds: Sequence[int], plan: Plan) -> Path:
    """The bundle of the mean of all seeds of a network, whose runs must be there."""
    out = plan.runs / f"{config}-mean" / "bundle"
    if not (out / MANIFEST).exists():
        runs = [plan.folder(Job(config, seed)) / "run" for seed in seeds]
        pid("export", *runs, "--sample", plan.train, "--out", out)
    return out


def train(job: Job, plan: Plan, run: Path) -> None:
    """Train or adapt; a killed network goes on where it stopped."""
    adapts = job.config in ADAPTED
    command = ["adapt" if adapts else "train", CONFIGS / f"{job.config}.yaml", "--out", run]
    command += ["--seed", str(job.seed), "--resume"]
    settings = ["tracking.enabled=false", f"data.train={plan.train}"]
    if job.config.startswith("trees"):
        settings.append("boosting.threads=1")
    else:
        settings += ["training.threads=1", *plan.settings]
    command += [part for text in settings for part in ("--set", text)]
    pid(*command, *(("--target", plan.target) if adapts and plan.target else ()))


def bundles(jobs: list[Job], plan: Plan, parallel: int) -> list[Path]:
    """The bundles of all jobs, in their order."""
    with ThreadPoolExecutor(parallel) as pool:
        return list(pool.map(lambda job: bundle(job, plan), jobs))


def trained_at(jobs: list[Job], plan: Plan) -> list[str]:
    """Commits that the trainings were made with."""
    records = [plan.folder(job) / "run" / "provenance.json" for job in jobs]
    return sorted({str(json.loads(path.read_text())["commit"])[:12] for path in records})


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
    made.add_argument("--parallel", type=int, default=1, help="trainings at a time")
    made.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    return made
