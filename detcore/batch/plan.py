"""From a command to its jobs, their files, and the queue."""

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detcore.batch import htcondor, slurm
from detcore.batch.job import Job
from detcore.batch.resources import System
from detcore.files import write_text

SUBMITTERS = {"slurm": "sbatch", "htcondor": "condor_submit"}


@dataclass(frozen=True)
class Plan:
    """One job, or an array and the job that merges its shares.

    Arguments:
        system: The batch system.
        jobs: In the order in which they run.
        after: Slurm's number of a job that must succeed before; None: none.

    Raises:
        ValueError: If HTCondor is to wait for a job.
    """

    system: System
    jobs: tuple[Job, ...]
    after: int | None = None

    def __post_init__(self) -> None:
        if self.system == "htcondor" and self.after is not None:
            raise ValueError("--after is for Slurm; HTCondor orders jobs in a DAG of your own")

    def files(self) -> dict[Path, str]:
        """Text of every file, by its path.

        Raises:
            ValueError: If the batch system cannot run such a job.
        """
        texts = {}
        for job in self.jobs:
            path = job.folder / job.name
            if self.system == "slurm":
                texts[path.with_name(f"{job.name}.sh")] = slurm.script(job)
            else:
                texts[path.with_name(f"{job.name}.sh")] = htcondor.script(job)
                texts[path.with_name(f"{job.name}.sub")] = htcondor.submit_file(job)
        if self.system == "htcondor" and len(self.jobs) == 2:
            texts[self._dag] = htcondor.dag(*self.jobs)
        return texts

    def write(self) -> list[Path]:
        """Write the files and the folder of the logs; gives the files."""
        texts = self.files()
        for path, text in texts.items():
            write_text(path, text)
            path.chmod(0o755 if path.suffix == ".sh" else 0o644)
        self.jobs[0].logs.mkdir(parents=True, exist_ok=True)
        return list(texts)

    def commands(self) -> list[str]:
        """The lines of shell that submit the files."""
        if self.system == "htcondor":
            if len(self.jobs) == 2:
                return [f"condor_submit_dag {shlex.quote(str(self._dag))}"]
            return [f"condor_submit {shlex.quote(str(self._path(self.jobs[0], 'sub')))}"]
        lines, before = [], self._before
        for job in self.jobs:
            *words, path = self._sbatch(job, before)
            lines.append(" ".join([*words, shlex.quote(path)]))
            before = "$previous"
        return [f"previous=$({line})" for line in lines[:-1]] + lines[-1:]

    def submit(self) -> list[str]:
        """Hand the written files to the batch system; gives its answers, job numbers for Slurm.

        Raises:
            ValueError: If the batch system is not on this machine, or refuses.
        """
        program = SUBMITTERS[self.system]
        if shutil.which(program) is None:
            raise ValueError(
                f"--now needs {program}, which is not on this machine; without it the files are "
                "written, to be submitted where it is"
            )
        if self.system == "htcondor":
            return [_ran(shlex.split(self.commands()[0]))]
        numbers: list[str] = []
        for job in self.jobs:
            before = numbers[-1] if numbers else self._before
            numbers.append(_ran(self._sbatch(job, before)).partition(";")[0])
        return numbers

    def _sbatch(self, job: Job, before: str | None) -> list[str]:
        """Words that submit a job and print its number, when the job before has succeeded."""
        words = ["sbatch", "--parsable"]
        if before is not None:
            words += [f"--dependency=afterok:{before}", "--kill-on-invalid-dep=yes"]
        return [*words, str(self._path(job, "sh"))]

    def _path(self, job: Job, suffix: str) -> Path:
        return job.folder / f"{job.name}.{suffix}"

    @property
    def _before(self) -> str | None:
        return None if self.after is None else str(self.after)

    @property
    def _dag(self) -> Path:
        return self._path(self.jobs[1], "dag")


def with_merge(job: Job) -> tuple[Job, ...]:
    """A job, or where it has shares the array and the job that merges them."""
    if not job.shares:
        return (job,)
    merge = replace(job, name=f"{job.name}-merge", shares=0, concurrent=None)
    return (replace(job, name=f"{job.name}-array"), merge)


def _ran(words: Sequence[str]) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{words[0]} refused: {' '.join((done.stderr or done.stdout).split())}")
    return done.stdout.strip()
