"""`pid evaluate`: classifiers against the truth and against each other."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from pid.cli.parsing import numbers

if TYPE_CHECKING:
    from pid.evaluation.judgement import Judgement

DATA: Final = Path("data")
SAMPLE, SHIFTED, TRUTH = (
    DATA / name for name in ("pid_simulation.root", "pid_shifted.root", "pid_shifted_truth.root")
)
EDGES: Final = "0.1,0.3,0.5,0.8,1.2,2,3,5,20"
WIDTH: Final = 10
SHOWN: Final = ("F1", "purity", "efficiency")
MEANS: Final = ("F1", "purity", "efficiency", "ROC AUC", "log-loss", "calibration error")

Bundles = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Bundle folders, or names that `pid models` lists; without, those in data/."
    ),
]
Sample = Annotated[Path, typer.Option(help="Labelled tracks.")]
Shifted = Annotated[
    Path | None, typer.Option(help="Tracks that play real data; without a sample too, data/'s.")
]
Truth = Annotated[Path | None, typer.Option(help="Their truth, kept apart.")]
KeptOption = Annotated[
    Literal["all", "primaries"], typer.Option(help="Judge all tracks or physical primaries.")
]
IntervalOption = Annotated[
    Literal["wilson", "clopper-pearson"], typer.Option(help="Binomial interval of every rate.")
]
PBins = Annotated[str, typer.Option("--p-bins", help="Edges of the bins in p, GeV/c.")]
PtBins = Annotated[str, typer.Option("--pt-bins", help="Edges of the bins in pT, GeV/c.")]
Baselines = Annotated[
    bool, typer.Option("--baselines/--no-baselines", help="n-sigma and Bayesian cuts beside.")
]
Json = Annotated[Path | None, typer.Option("--json", help="Write every number to this file.")]
Html = Annotated[Path | None, typer.Option("--html", help="Write a report with figures here.")]


def evaluate(
    bundles: Bundles = None,
    sample: Sample = SAMPLE,
    shifted: Shifted = None,
    shifted_truth: Truth = None,
    kept: KeptOption = "all",
    interval: IntervalOption = "wilson",
    p_bins: PBins = EDGES,
    pt_bins: PtBins = EDGES,
    baselines: Baselines = True,
    json_file: Json = None,
    html_file: Html = None,
) -> None:
    """Judge classifiers by purity, efficiency, F1 and more, on tracks that did not train them.

    Without arguments: the bundles and samples in data/.

    Example: pid evaluate bundle --html report.html
    """
    from pid.evaluation.campaign import Files, judge_all
    from pid.evaluation.judgement import write_json
    from pid.evaluation.settings import Settings
    from pid.io.zoo import found as named

    found = tuple(map(named, bundles)) if bundles else tuple(committed(DATA))
    if sample == SAMPLE and shifted is None and SHIFTED.exists():
        shifted, shifted_truth = SHIFTED, shifted_truth or TRUTH
    if shifted_truth is not None and shifted is None:
        raise ValueError(
            f"--shifted-truth {shifted_truth} is the truth of --shifted, which is not given; name "
            "its tracks too, or leave both out"
        )
    settings = Settings(
        p_edges=numbers("--p-bins", p_bins),
        pt_edges=numbers("--pt-bins", pt_bins),
        interval=interval,
        kept=kept,
    )
    write_report = reporter(html_file)
    files = Files(found, sample, shifted, shifted_truth)
    total = (len(found) + 2 * baselines) * (2 if shifted else 1)
    with progress_bar() as progress:
        task = progress.add_task("reading", total=total)

        def stage(name: str) -> None:
            progress.update(task, description=name, advance=1)

        judgements = judge_all(files, settings, baselines, stage)
    if json_file is not None:
        write_json(json_file, judgements)
    write_report(judgements)
    show(judgements, console_for(len({each.name for each in judgements})))
    for path in (json_file, html_file):
        if path is not None:
            typer.echo(path)


def committed(folder: Path) -> list[Path]:
    """The bundles of PIDML in a folder.

    Raises:
        ValueError: If there is none.
    """
    found = sorted(path.parent for path in folder.glob("pid-*/columns_for_training.json"))
    if not found:
        raise ValueError(
            f"{folder}/ holds no bundle pid-*; name one, or run from the root of the repository"
        )
    return found


def reporter(path: Path | None) -> "Callable[[Sequence[Judgement]], None]":
    """What writes the report; a missing package is found here, before the work."""
    if path is None:
        return lambda judgements: None
    from pid.evaluation.plots import figures, png
    from pid.evaluation.report import write_html
    from pid.evaluation.wording import by_domain

    def write(judgements: "Sequence[Judgement]") -> None:
        images = {
            title: png(figure)
            for found in by_domain(judgements).values()
            for title, figure in figures(found).items()
        }
        write_html(path, judgements, images)

    return write


def progress_bar() -> Progress:
    """A bar on the error stream, so that the tables alone go to the output."""
    return Progress(
        TextColumn("{task.description:<32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def show(judgements: "Sequence[Judgement]", console: Console) -> None:
    """Tables for each sample: every species, and means over species."""
    from pid.evaluation.comparison import compare
    from pid.evaluation.wording import by_domain, caption, mean_rows, species_rows
    from pid.evaluation.wording import title as title_of

    for found in by_domain(judgements).values():
        compared = compare(found)
        console.print(f"\n[bold]{title_of(found[0])}[/bold]")
        names = [row.name for row in compared.rows]
        for quantity in SHOWN:
            console.print(table(quantity, names, species_rows(compared, quantity)))
        console.print(table("mean over species", names, mean_rows(compared, found, MEANS)))
    console.print(caption(judgements[0]))


def table(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table with a column for each classifier."""
    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    made.add_column("", no_wrap=True)
    for name in names:
        made.add_column(name, justify="right", min_width=WIDTH)
    for cells in rows:
        made.add_row(*cells)
    return made


def console_for(names: int) -> Console:
    """The screen, taken to be wide enough for the tables."""
    usual = Console()
    return Console(width=max(usual.width, 24 + (WIDTH + 1) * names))
