"""The command `search`, the same for both programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from detcore.search.study import Training

Space = Annotated[Path, typer.Argument(help="What to try, e.g. configs/search/shower_vae.yaml.")]
Out = Annotated[Path, typer.Option(help="Folder of the study to write.")]
Trials = Annotated[int | None, typer.Option(min=1, help="Short for --set trials=.")]
Override = Annotated[
    list[str] | None,
    typer.Option("--set", help="Replace a setting of the search: a=value. Repeatable."),
]
Resume = Annotated[bool, typer.Option(help="Go on with the study in the folder.")]


@dataclass(frozen=True)
class Searched:
    """How a program searches.

    Arguments:
        program: `zdcsim` or `pid`.
        example: A file of configs/search, for the help.
        fixed: Settings, and groups as `data.`, that all trials of an experiment share, for they
            decide what validates.
        training: Gives what loads and trains an experiment; imports what that needs.
        unseen: Settings of an experiment that its validation does not see.
    """

    program: str
    example: str
    fixed: Callable[[Any], Sequence[str]]
    training: "Callable[[], Training[Any]]"
    unseen: Callable[[Any], Sequence[str]] = lambda _: ()


def search(
    context: typer.Context,
    space: Space,
    out: Out,
    trials: Trials = None,
    override: Override = None,
    resume: Resume = False,
) -> None:
    """Search; the program's `Searched` is the context's object."""
    from detcore import config
    from detcore.config import with_short_forms
    from detcore.search import results
    from detcore.search.progress import Shown
    from detcore.search.space import SearchSettings, check_names
    from detcore.search.study import Study

    program: Searched = context.obj
    settings = config.load(space, SearchSettings, with_short_forms(override, trials=trials))
    study = Study(settings, out, program.training())
    base = study.experiment({})
    check_names(settings, program.fixed(base), program.unseen(base))
    study.open(resume)
    with Shown(settings.trials) as shown:
        shown.start(study.trials())
        try:
            study.run(shown.told, shown.watch)
        finally:
            found = study.trials()
            results.write(out, settings, found, study.experiment)
    best = results.best_of(found)
    if best is None:
        raise ValueError(f"none of {len(found)} trials has completed; see {out / results.TABLE}")
    typer.echo(results.page(settings, found))
    typer.echo(f"{program.program} train {out / results.BEST} --out RUN  trains the best again")


def add_to(app: typer.Typer, program: Searched) -> None:
    """Give a program the command."""
    help_text = "\n\n".join(
        (
            "Search for settings of any experiment, by validation.",
            "Trials that are worse than others at the same step are pruned; --resume goes on with "
            "a study, in the middle of a trial. The folder holds the runs, a table of the trials "
            "and best.yaml, ready to train. See docs/search.md.",
            f"Example: {program.program} search configs/search/{program.example}.yaml --out study",
        )
    )
    app.command(context_settings={"obj": program}, help=help_text)(search)
