"""What a job asks a batch system for, and how its environment is set up."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, PositiveInt, field_validator

from detcore import config
from detcore.config import Settings

System = Literal["slurm", "htcondor"]
SYSTEMS: tuple[System, ...] = get_args(System)
Count = Annotated[int, Field(ge=0)]
TIME = re.compile(r"(?:(\d+)-)?(\d+):([0-5]\d)(?::([0-5]\d))?")
MEMORY = re.compile(r"\d+[MG]")


class Resources(Settings):
    """What a job asks for; nodes, cores, memory and GPUs are those of each node.

    Attributes:
        partition: Slurm's partition; null: the site's own choice.
        account: Who is charged.
        time: Wall-clock limit, hours:minutes:seconds or days-hours:minutes:seconds.
        nodes: Machines that work together on one training.
        processes: Of a training, on each node; null: one for each GPU, or one.
        gpus: GPUs.
        cpus: Cores.
        memory: As 16G or 500M.
        container: Apptainer image in which the command runs.
        setup: Lines of shell before the command, as `module load ...`.
        directives: Lines for the batch system, word for word, as `--constraint=a100`.
        notice: Seconds before the end of the time at which a training is told to stop.
    """

    partition: str | None = None
    account: str | None = None
    time: str = "08:00:00"
    nodes: PositiveInt = 1
    processes: PositiveInt | None = None
    gpus: Count = 0
    cpus: PositiveInt = 1
    memory: str = "4G"
    container: Path | None = None
    setup: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()
    notice: PositiveInt = 300

    @field_validator("time")
    @classmethod
    def _time(cls, text: str) -> str:
        if not TIME.fullmatch(text):
            raise ValueError("expected hours:minutes:seconds or days-hours:minutes:seconds")
        return text

    @field_validator("memory")
    @classmethod
    def _memory(cls, text: str) -> str:
        if not MEMORY.fullmatch(text):
            raise ValueError("expected a whole number with M or G, as 16G")
        return text

    @property
    def seconds(self) -> int:
        """The time limit, s."""
        found = TIME.fullmatch(self.time)
        assert found is not None  # checked above
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return ((24 * days + hours) * 60 + minutes) * 60 + seconds

    @property
    def processes_per_node(self) -> int:
        """Processes of a training on each node."""
        return self.processes or self.gpus or 1

    @property
    def threads(self) -> int:
        """Cores of each of these processes."""
        return max(1, self.cpus // self.processes_per_node)


def resources(site: Path | None, given: dict[str, Any]) -> Resources:
    """Resources of a site's file, replaced by what was given on the command line.

    Arguments:
        site: YAML file with any of the settings; none: the defaults.
        given: Settings by name; None and empty lists were not given. Lines of set-up and
            directives are added to those of the site.

    Raises:
        ValueError: If a setting is unknown or wrong; names it.
    """
    values = config.read(site) if site else {}
    for name, value in given.items():
        if isinstance(value, list | tuple):
            values[name] = [*values.get(name, []), *value]
        elif value is not None:
            values[name] = str(value) if isinstance(value, Path) else value
    return config.check(values, Resources, str(site or "the options"))
