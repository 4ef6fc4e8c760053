"""The command `submit`, the same for both programs: a command of theirs behind it becomes a job."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from detcore.batch.plan import Plan, with_merge
from detcore.batch.resources import System, resources
from detcore.batch.wrapped import Batch, Placement, job

Words = Annotated[
    list[str], typer.Argument(metavar="COMMAND ...", help="What to run, as you would type it.")
]
SystemOption = Annotated[System, typer.Option(help="Batch system.")]
Partition = Annotated[str | None, typer.Option(help="Slurm's partition.")]
Account = Annotated[str | None, typer.Option(help="Who is charged.")]
Time = Annotated[
    str | None, typer.Option(help="Limit, h:mm:ss or d-hh:mm:ss; 8 hours if not given.")
]
Nodes = Annotated[int | None, typer.Option(min=1, help="Training: nodes that work together.")]
Processes = Annotated[
    int | None,
    typer.Option(min=1, help="Training: processes on each node; one for each GPU, or one."),
]
Gpus = Annotated[int | None, typer.Option(min=0, help="GPUs of each node.")]
Cpus = Annotated[int | None, typer.Option(min=1, help="Cores of each node.")]
Memory = Annotated[str | None, typer.Option(help="Of each node, as 16G.")]
Container = Annotated[
    Path | None, typer.Option(help="Apptainer image to run in; recipes in containers/.")
]
Setup = Annotated[
    list[str] | None,
    typer.Option(help="Line of shell before the command, `module load x`. Repeatable."),
]
Directive = Annotated[
    list[str] | None,
    typer.Option(help="Line for the batch system, `--constraint=a100`. Repeatable."),
]
Notice = Annotated[
    int | None,
    typer.Option(min=1, help="Training: seconds before the limit to stop at; 300 if not given."),
]
Site = Annotated[
    Path | None, typer.Option(help="YAML file with your site's values of the options above.")
]
Shares = Annotated[
    int, typer.Option(min=0, help="An array of so many tasks, merged by one more job; 0: one job.")
]
Concurrent = Annotated[
    int | None, typer.Option(min=1, help="Tasks of the array at the same time, at most.")
]
Name = Annotated[str | None, typer.Option(help="Of the job and its files; made of the command.")]
Folder = Annotated[Path, typer.Option(help="Where the files go; the logs to its folder logs.")]
After = Annotated[int | None, typer.Option(help="Slurm: start after this job has succeeded.")]
Now = Annotated[bool, typer.Option("--now", help="Submit at once.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the files, write nothing.")]


def submit(
    context: typer.Context,
    arguments: Words,
    system: SystemOption = "slurm",
    partition: Partition = None,
    account: Account = None,
    time: Time = None,
    nodes: Nodes = None,
    processes: Processes = None,
    gpus: Gpus = None,
    cpus: Cpus = None,
    memory: Memory = None,
    container: Container = None,
    setup: Setup = None,
    directive: Directive = None,
    notice: Notice = None,
    site: Site = None,
    shares: Shares = 0,
    concurrent: Concurrent = None,
    name: Name = None,
    folder: Folder = Path("jobs"),
    after: After = None,
    now: Now = False,
    dry_run: DryRun = False,
) -> None:
    """Write the files of a job, or submit it; the program's `Batch` is the context's object."""
    given = {
        "partition": partition, "account": account, "time": time, "nodes": nodes,
        "processes": processes, "gpus": gpus, "cpus": cpus, "memory": memory,
        "container": container, "setup": setup, "directives": directive, "notice": notice,
    }  # fmt: skip
    understood = options_of(context, arguments)
    at = Placement(name, folder, shares, concurrent)
    made = job(context.obj, arguments, understood, resources(site, given), at)
    plan = Plan(system, with_merge(made), after)
    if dry_run:
        for path, text in plan.files().items():
            typer.echo(f"==> {path} <==\n{text}")
        return
    for path in plan.write():
        typer.echo(path)
    for line in plan.submit() if now else ["submit with:", *plan.commands()]:
        typer.echo(line)


def add_to(app: typer.Typer, batch: Batch) -> None:
    """Give a program the command."""
    settings = {"ignore_unknown_options": True, "allow_interspersed_args": False, "obj": batch}
    app.command(context_settings=settings, help=help_of(batch))(submit)


def help_of(batch: Batch) -> str:
    """What `submit --help` says of a program."""
    paragraphs = (
        "Write the files with which a batch system runs a command, or submit it at once.",
        "Put the command, as you would type it, behind the options: "
        f"{', '.join(batch.kinds)}. Without --now the files are only written: read them, change "
        "what your site wants, and submit them with the line that is shown. A training writes a "
        "checkpoint before its time is up and goes on from there in the queue; the tasks of an "
        "array of --shares are merged into the file that one job would write. See docs/cluster.md.",
        f"Example: {batch.example}",
    )
    return "\n\n".join(paragraphs)


def options_of(context: typer.Context, words: Sequence[str]) -> Mapping[str, Any]:
    """Options of a wrapped command as it understands them itself, by name; its own errors too."""
    parent: Any = context.parent
    command = parent.command.commands.get(words[0])
    if command is None:
        return {}
    found: dict[str, Any] = command.make_context(words[0], list(words[1:]), parent=parent).params
    return found
