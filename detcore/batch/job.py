"""A job: one command of ours with what it needs."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from detcore.batch.resources import Resources
from detcore.provenance import commit

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Job:
    """One command for a batch system.

    Arguments:
        name: Of the job, its files and its logs.
        program: `zdcsim` or `pid`.
        arguments: What follows the program's name.
        resources: What it asks for.
        workdir: Where it runs; relative paths of the command start there.
        folder: Of the written files; the logs are in its subfolder `logs`.
        shares: Tasks of an array, each of which takes a share; 0: no array.
        concurrent: Tasks that may run at the same time; None: as many as there is room for.
        run_folder: Of a training, which resumes there; None: no training.
        source: Which version of the program wrote the files.

    Raises:
        ValueError: If the name could not be that of a file, or a job that is no training asks
            for several nodes.
    """

    name: str
    program: str
    arguments: tuple[str, ...]
    resources: Resources
    workdir: Path
    folder: Path
    shares: int = 0
    concurrent: int | None = None
    run_folder: Path | None = None
    source: str = field(default_factory=lambda: f"commit {commit()}")

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(
                f"the job name {self.name!r} must be made of letters, digits, dots, dashes and "
                "underscores; give another with --name"
            )
        if self.resources.nodes > 1 and self.run_folder is None:
            raise ValueError(
                f"{self.arguments[0]} runs on one node; share the work out with --shares, not "
                f"--nodes {self.resources.nodes}"
            )

    @property
    def together(self) -> int:
        """Processes that train together, over all nodes."""
        return self.resources.nodes * self.resources.processes_per_node if self.run_folder else 1

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.folder / "logs"
