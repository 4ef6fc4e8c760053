"""`zdcsim evaluate`: a model against the Monte Carlo."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from detcore.files import sha256
from zdcsim.channels import Convention
from zdcsim.evaluation.settings import (
    EVERY_ENERGY,
    By,
    Floor,
    Rounding,
    Settings,
    Split,
    energy_edges,
)
from zdcsim.geometry import ZN, ZP
from zdcsim.response import Responses, joined

if TYPE_CHECKING:
    from zdcsim.evaluation.judgement import Judgement
    from zdcsim.evaluation.speed import Speed, Stopwatch

Batch = tuple[slice, NDArray[np.int32]]
"""Rows of the sample, and photo-electron counts for them, shape (B, Nx, Ny)."""

Model = Annotated[
    Path | None, typer.Option(help="Bundle folder, or a name that `zdcsim models` lists.")
]
Reference = Annotated[
    Path | None,
    typer.Option(
        help="ROOT file of held-out Monte Carlo responses; data/zn_test.root or data/zp_test.root, "
        "by the calorimeter of the model, if not given."
    ),
]
Generated = Annotated[
    Path | None,
    typer.Option(help="Judge this ROOT file, generated from the reference's particles."),
]
Json = Annotated[Path | None, typer.Option("--json", help="Write every number to this file.")]
Markdown = Annotated[
    Path | None, typer.Option("--markdown", help="Write the table on the screen to this file.")
]
Html = Annotated[Path | None, typer.Option("--html", help="Write a report with figures here.")]
Conventions = Annotated[
    str, typer.Option(help="Channel conventions, comma between: o2, agh, wut. The first leads.")
]
JudgedBy = Annotated[
    str, typer.Option("--by", help="Also judge each kind apart: species, energy, comma between.")
]
Bins = Annotated[
    str | None,
    typer.Option(
        help="Edges of the energy bins, GeV, comma between; if not given, for the ZN "
        f"{','.join(map('{:g}'.format, energy_edges(ZN)))} and for the ZP "
        f"{','.join(map('{:g}'.format, energy_edges(ZP)))}."
    ),
]
Repetitions = Annotated[int, typer.Option(min=1, help="How often the model generates the sample.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Responses generated together.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the generation and of the random halves.")]
FloorBy = Annotated[
    Floor, typer.Option("--floor", help="Halve the Monte Carlo's copies or its particles.")
]
FloorRepetitions = Annotated[int, typer.Option(min=2, help="Random divisions into halves.")]
SplitBy = Annotated[
    Split, typer.Option("--split", help="What the sample was held out by; recorded.")
]
Measures = Annotated[
    bool,
    typer.Option("--measures/--no-measures", help="Also FPD, KPD, coverage and separation."),
]
Likeness = Annotated[
    bool,
    typer.Option(
        "--likeness/--no-likeness",
        help="The measures and two-sample classifiers (takes minutes).",
    ),
]
RoundingAs = Annotated[
    Rounding, typer.Option("--rounding", help="Cut counts to whole numbers as O2 does, or not.")
]

MODEL_OPTIONS = ("repetitions", "batch_size")


def evaluate(
    context: typer.Context,
    model: Model = None,
    reference: Reference = None,
    generated: Generated = None,
    json_file: Json = None,
    html_file: Html = None,
    markdown_file: Markdown = None,
    conventions: Conventions = "o2,agh,wut",
    by: JudgedBy = "species,energy",
    bins: Bins = None,
    repetitions: Repetitions = 5,
    batch_size: BatchSize = 1000,
    seed: Seed = 1,
    floor: FloorBy = "copies",
    floor_repetitions: FloorRepetitions = 20,
    split: SplitBy = "particle",
    rounding: RoundingAs = "o2",
    measures: Measures = False,
    likeness: Likeness = False,
) -> None:
    """Judge a model against held-out Monte Carlo, beside the Monte Carlo's own floor."""
    from detcore.files import check_writable
    from zdcsim.cli.judgement_table import show
    from zdcsim.evaluation.judgement import STAGES, judge, write_json
    from zdcsim.evaluation.wording import write_markdown
    from zdcsim.io.own_file import read
    from zdcsim.io.zoo import found

    check_origin(context, model, generated)
    settings = Settings(
        conventions=cast(tuple[Convention, ...], words(conventions)),
        by=cast(tuple[By, ...], words(by)),
        energy_edges=edges(bins) if bins is not None else EVERY_ENERGY,
        floor=floor,
        floor_repetitions=floor_repetitions,
        rounding=rounding,
        split=split,
        measures=measures,
        likeness=likeness,
        seed=seed,
    )
    check_writable(json_file, html_file, markdown_file)
    write_report = reporter(html_file)
    bundle = None if model is None else found(model)
    reference = reference or default_reference(bundle)
    sample = read(reference)
    if not len(sample):
        raise ValueError(f"{reference} holds no responses; judge on a sample that has some")
    if bins is None:
        settings = replace(settings, energy_edges=energy_edges(sample.calorimeter))
    with progress_bar() as progress:
        task = progress.add_task("", total=len(STAGES) + (repetitions if model else 1))

        def stage(name: str) -> None:
            progress.update(task, description=name, advance=1)

        if bundle is not None:
            candidate = from_bundle(
                bundle, sample, sha256(reference), repetitions, batch_size, seed, stage
            )
        else:
            candidate = from_file(cast(Path, generated), sample, sha256(reference), stage)
        judgement = judge(
            sample,
            candidate.responses,
            settings,
            model=candidate.described,
            speed=candidate.speed,
            stage=stage,
        )
    if json_file is not None:
        write_json(json_file, judgement)
    if markdown_file is not None:
        write_markdown(markdown_file, judgement)
    write_report(judgement, sample, candidate.responses[0])
    show(judgement, Console())
    for path in (json_file, html_file, markdown_file):
        if path is not None:
            typer.echo(path)


def check_origin(context: typer.Context, model: Path | None, generated: Path | None) -> None:
    """Refuse none or both of what can be judged, and options of the other."""
    from detcore.command_line import refuse_options

    if (model is None) == (generated is None):
        raise ValueError("give either --model, to generate from it, or --generated, a ROOT file")
    if generated is not None:
        refuse_options(context, MODEL_OPTIONS, "--model, to generate from, not --generated")


def default_reference(bundle: Path | None) -> Path:
    """The test sample of a bundle's calorimeter, of the ZN without a bundle."""
    from zdcsim.io.bundle import read_manifest

    name = "ZN" if bundle is None else str(read_manifest(bundle).get("calorimeter"))
    return Path(f"data/{name.lower()}_test.root")


@dataclass(frozen=True)
class Candidate:
    """What is judged: repetitions of N responses, what made them, and how fast if that ran here."""

    responses: Sequence[Responses]
    described: Mapping[str, object]
    speed: "Speed | None" = None


def from_bundle(
    bundle: Path,
    sample: Responses,
    reference_sha256: str,
    repetitions: int,
    batch_size: int,
    seed: int,
    stage: Callable[[str], None],
) -> Candidate:
    """Repetitions generated here from the conditions of the sample, with seeds one apart.

    Raises:
        ValueError: If the bundle is for another calorimeter, or the sample is what it was trained
            on.
    """
    from zdcsim.evaluation.held_out import check_held_out
    from zdcsim.evaluation.speed import Stopwatch, speed
    from zdcsim.generation import batches
    from zdcsim.io.bundle import read_bundle, read_manifest

    manifest = read_manifest(bundle)
    check_held_out(sample, reference_sha256, manifest, f"the bundle {bundle}")
    if manifest.get("calorimeter") != sample.calorimeter.name:
        raise ValueError(
            f"the bundle {bundle} generates {manifest.get('calorimeter')} responses and the "
            f"reference holds {sample.calorimeter.name}; both must be of one calorimeter"
        )
    spent, responses = Stopwatch(), []
    opened = spent.time(partial(read_bundle, bundle))
    for repetition in range(repetitions):
        stage(f"generating, {repetition + 1} of {repetitions}")
        made = batches(opened, sample.conditions, seed + repetition, batch_size)
        responses.append(in_rows(sample, timed(made, spent)))
    found = speed(sample, spent, repetitions * len(sample), batch_size)
    return Candidate(responses, {"bundle": str(bundle), **manifest}, found)


def timed(batches: Iterator[Batch], spent: "Stopwatch") -> Iterator[Batch]:
    """The batches, of which nothing but the making is timed."""
    while (batch := spent.time(partial(next, batches, None))) is not None:
        yield batch


def in_rows(sample: Responses, batches: Iterator[Batch]) -> Responses:
    """A generated response for every row of the sample, sparse."""
    return joined([sample.with_counts(counts, rows) for rows, counts in batches])


def from_file(
    path: Path, sample: Responses, reference_sha256: str, stage: Callable[[str], None]
) -> Candidate:
    """Repetitions from a file of ours, in the rows of the sample.

    Raises:
        ValueError: If the file does not fit the sample, or its bundle was trained on the sample.
    """
    from zdcsim.evaluation.held_out import check_held_out
    from zdcsim.evaluation.matching import repetitions
    from zdcsim.io.own_file import read

    stage("reading")
    generated = read(path)
    check_held_out(sample, reference_sha256, generated.provenance, f"the bundle behind {path}")
    described = {"file": str(path), **generated.provenance}
    return Candidate(repetitions(sample, generated), described)


def reporter(
    path: Path | None,
) -> "Callable[[Judgement, Responses, Responses], None]":
    """What writes the report; a missing package is found here, before the work."""
    if path is None:
        return lambda judgement, sample, generated: None
    from zdcsim.evaluation.plots import figures, png
    from zdcsim.evaluation.report import write_html

    def write(judgement: "Judgement", sample: Responses, generated: Responses) -> None:
        drawn = figures(sample, generated, judgement.settings.conventions)
        write_html(path, judgement, {title: png(figure) for title, figure in drawn.items()})

    return write


def words(text: str) -> tuple[str, ...]:
    """Words with a comma between."""
    return tuple(word for word in text.replace(" ", "").split(",") if word)


def edges(text: str) -> tuple[float, ...]:
    """Energy edges from numbers with a comma between."""
    try:
        return tuple(float(edge) for edge in text.split(","))
    except ValueError:
        raise ValueError(f"--bins must be numbers with a comma between; got {text!r}") from None


def progress_bar() -> Progress:
    """A bar on the error stream, so that the table alone goes to the output."""
    return Progress(
        TextColumn("{task.description:<20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
