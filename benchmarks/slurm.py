"""Trainings, an interrupted one, a killed one and arrays, through a Slurm of this machine alone.

make slurm      (as root; Debian's packages slurm-wlm and munge)

Starts tests/slurm/one_node.sh, whose two nodes are this machine twice, and gives it the jobs that
`zdcsim submit` and `pid submit` write. What was interrupted is compared with what was not.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from detcore import checkpoint
from detcore.files import write_text
from detcore.provenance import provenance, shortened
from zdcsim.io import tree

ROOT = Path(__file__).resolve().parent.parent
ONE_NODE = ROOT / "tests" / "slurm" / "one_node.sh"
TRAIN = ["train", "configs/zdcsim/debug.yaml", "--set", "training.validate_every=100",
         "--set", "training.checkpoint_every=20"]  # fmt: skip
GENERATE = ["generate", "--model", "zn-sdi-gan", "--particle", "neutron", "-n", "40000"]
SIMULATE = ["simulate", "--source", "gun", "--energy", "20", "--particles", "6", "--copies", "2"]
SMALL = ["--memory", "2G", "--time", "0:30:00"]
SIGNAL_AT, KILL_AT = 30, 50
FINAL = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY"}


@dataclass(frozen=True)
class Bench:
    """Where the scenarios work, and how much.

    Arguments:
        folder: Of everything they write.
        steps: Of the trainings.
        by_limit: Let the time limit interrupt, which takes minutes, not a signal sent by hand.
    """

    folder: Path
    steps: int
    by_limit: bool

    def submit(self, program: str, *words: str) -> list[str]:
        """Write and submit jobs; gives their numbers."""
        command = [sys.executable, "-m", program, "submit", "--now"]
        command += ["--folder", str(self.folder / "jobs"), *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return [line for line in done.stdout.splitlines() if line.isdigit()]

    def training(self, name: str, *options: str, steps: int | None = None) -> str:
        """Submit the training of two processes, one on each node; gives its job."""
        more = ["--out", str(self.folder / name), "--set", f"training.steps={steps or self.steps}"]
        nodes = ["--nodes", "2", "--processes", "1", *SMALL]
        return self.submit("zdcsim", *nodes, *options, *TRAIN, *more)[0]

    def step(self, name: str) -> int:
        """How far a training is."""
        metrics = self.folder / name / checkpoint.METRICS
        lines = metrics.read_text().splitlines() if metrics.exists() else []
        return max((int(json.loads(line)["step"]) for line in lines), default=0)

    def same_weights(self, name: str) -> bool:
        """Whether a training ended with the weights of the uninterrupted one, bit for bit."""
        whole, other = (
            checkpoint.load(self.folder / run / checkpoint.LAST)["objective"]["generator"][
                "network"
            ]
            for run in ("uninterrupted", name)
        )
        return all(torch.equal(whole[key], other[key]) for key in whole)

    def same_file(self, name: str) -> bool:
        """Whether a merged file holds the responses of that of one process."""
        merged, whole = (tree.read(self.folder / f"{name}{end}.root") for end in ("", "_alone"))
        columns = ("particle", "pdg", "conditions", "offsets", "pixels", "counts")
        return all(np.array_equal(getattr(merged, c), getattr(whole, c)) for c in columns)


def uninterrupted(bench: Bench) -> str:
    """Training of two processes on two nodes"""
    return described(ended(bench.training("uninterrupted")))


def interrupted(bench: Bench) -> str:
    """The same, told to stop before its time is up"""
    if bench.by_limit:
        job = bench.training("interrupted", "--time", "0:02:00", "--notice", "30")
    else:
        job = bench.training("interrupted")
        until(lambda: bench.step("interrupted") >= SIGNAL_AT)
        subprocess.run(["scancel", "--signal=USR1", job], check=True)
    facts = ended(job)
    require(int(facts["Restarts"]) > 0, "it was done before its time was up; take more --steps")
    log = next((bench.folder / "jobs" / "logs").glob(f"*-{job}.log")).read_text()
    stops = sorted({int(step) for step in re.findall(r"SIGUSR1 after step (\d+)", log)})
    require(bool(stops), "no process was stopped by the signal")
    at = " and ".join(map(str, stops))
    return f"{described(facts)}, stopped at step {at}; {weights(bench, 'interrupted')}"


def killed(bench: Bench) -> str:
    """The same, its processes killed (SIGKILL), and requeued"""
    job = bench.training("killed")
    until(lambda: bench.step("killed") >= KILL_AT)
    kill(str(bench.folder / "killed"))
    until(lambda: all(facts["JobState"] in FINAL for facts in shown(job)))
    found = bench.step("killed")
    kept = checkpoint.load(bench.folder / "killed" / checkpoint.LAST)["done"]["step"]
    subprocess.run(["scontrol", "requeue", job], check=True)
    facts = ended(job)
    went = f"killed at step {found}, went on from the checkpoint of step {kept}"
    return f"{described(facts)}, {went}; {weights(bench, 'killed')}"


def classifier(bench: Bench) -> str:
    """Classifier of tracks, two processes on one node"""
    out = str(bench.folder / "pid")
    words = ["--processes", "2", "--cpus", "2", *SMALL, "train", "configs/pid/debug.yaml"]
    return described(ended(bench.submit("pid", *words, "--out", out)[0]))


def generation(bench: Bench) -> str:
    """Array of generation, three tasks, and its merge"""
    return shared_out(bench, "generated", GENERATE)


def simulation(bench: Bench) -> str:
    """Array of simulation (Geant4), three tasks, and its merge"""
    return shared_out(bench, "simulated", SIMULATE)


def evaluation(bench: Bench) -> str:
    """Evaluation that waits for another job"""
    words = [*SMALL, "validate", "data/zn_test.root", "--json", str(bench.folder / "before.json")]
    before = bench.submit("zdcsim", *words)[0]
    out = bench.folder / "judged.json"
    judge = ["evaluate", "--model", "zn-sdi-gan", "--json", str(out), "--repetitions", "1"]
    facts = ended(bench.submit("zdcsim", *SMALL, "--after", before, *judge)[0])
    require(out.exists(), "there is no judgement")
    return described(facts)


SCENARIOS: dict[str, Callable[[Bench], str]] = {
    each.__name__: each
    for each in (
        uninterrupted, interrupted, killed, classifier, generation, simulation, evaluation,
    )
}  # fmt: skip


def kill(argument: str) -> None:
    """Send SIGKILL to every process of a command line that has this argument."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_text().split("\0")
            if argument in arguments:
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:  # it has just ended
            continue


def shared_out(bench: Bench, name: str, words: Sequence[str]) -> str:
    out = ["--out", str(bench.folder / f"{name}.root")]
    jobs = bench.submit("zdcsim", "--shares", "3", *SMALL, *words, *out)
    tasks = [ended(job) for job in jobs][-1]
    alone = ["--out", str(bench.folder / f"{name}_alone.root")]
    command = [sys.executable, "-m", "zdcsim", *words, *alone]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    require(bench.same_file(name), "the merged file differs from that of one process")
    number = len(tree.read(bench.folder / f"{name}.root"))
    return f"{described(tasks)}; {number:,} responses, equal to those of one process"


def weights(bench: Bench, name: str) -> str:
    require(bench.same_weights(name), "its weights differ from the uninterrupted training's")
    return "weights equal to the uninterrupted training's, bit for bit"


def described(facts: dict[str, str]) -> str:
    restarts = int(facts["Restarts"])
    again = f", {restarts} restart{'s' * (restarts > 1)}" if restarts else ""
    return f"{facts['JobState'].lower()}{again}"


def ended(job: str) -> dict[str, str]:
    """Facts of a job that has completed, of an array's last task."""
    until(lambda: all(facts["JobState"] in FINAL for facts in shown(job)))
    for facts in shown(job):
        require(facts["JobState"] == "COMPLETED", f"job {job} ended as {facts['JobState']}")
    return shown(job)[-1]


def shown(job: str) -> list[dict[str, str]]:
    command = ["scontrol", "show", "job", "--oneliner", job]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pairs = (re.findall(r"(\w+)=(\S+)", line) for line in said.splitlines() if line)
    return [dict(found) for found in pairs]


def until(holds: Callable[[], bool], seconds: float = 900) -> None:
    end = time.monotonic() + seconds
    while not holds():
        require(time.monotonic() < end, f"waited {seconds:.0f} s in vain")
        time.sleep(0.5)


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RuntimeError(otherwise)


@contextmanager
def slurm() -> Iterator[Path]:
    """A folder, while Slurm runs in it."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as name:
        try:
            subprocess.run([str(ONE_NODE), "start", name], check=True)
            os.environ["SLURM_CONF"] = f"{name}/slurm.conf"
            yield Path(name)
        finally:
            subprocess.run([str(ONE_NODE), "stop", name], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--by-hand", action="store_true", help="send the signal, not the limit")
    parser.add_argument("--out", type=Path, help="write slurm.md and slurm.json here")
    options = parser.parse_args()
    rows: dict[str, str] = {}
    with slurm() as folder:
        bench = Bench(folder, options.steps, not options.by_hand)
        for name in options.only:
            scenario, started = SCENARIOS[name], time.monotonic()
            rows[str(scenario.__doc__)] = scenario(bench)
            print(f"{name}: {rows[str(scenario.__doc__)]} ({time.monotonic() - started:.0f} s)")
    if options.out is not None:
        write(options.out, rows, options)


def write(folder: Path, rows: dict[str, str], options: argparse.Namespace) -> None:
    version = subprocess.run(["slurmctld", "-V"], capture_output=True, text=True, check=True)
    record = {
        **provenance("torch", "numpy", "onnxruntime", "geant4-pybind"),
        "slurm": version.stdout.split()[-1],
        "steps": options.steps,
        "results": rows,
    }
    lines = [
        "| job | result |",
        "|---|---|",
        *(f"| {what} | {how} |" for what, how in rows.items()),
    ]
    caption = (
        f"Slurm {record['slurm']} with two nodes that are this machine twice; trainings of "
        f"{options.steps} steps of `configs/zdcsim/debug.yaml`, generation by `zn-sdi-gan`. Commit "
        f"{shortened(str(record['commit']))}, {record['machine']}. Made by `make slurm`."
    )
    write_text(folder / "slurm.json", json.dumps(record, indent=1) + "\n")
    write_text(folder / "slurm.md", "\n".join([*lines, "", caption]) + "\n")


if __name__ == "__main__":
    main()
