"""`zdcsim convert`: responses of any source into a training store or a ROOT file of ours."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from zdcsim.io.block import Block
    from zdcsim.io.source import Kind, SourceSettings

ROOT_SUFFIX = ".root"
Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="File, folder of text files, or URL as root://server//path; several are joined, "
        "with their particles numbered through.",
    ),
]
Zeros = Literal["none", "transported", "primaries"]

OPTIONS_OF: "dict[tuple[Kind, ...], tuple[str, ...]]" = {
    ("o2sim",): ("side", "parity"),
    ("o2sim", "text"): ("zeros",),
    ("text",): ("suffix",),
    ("zdcsim",): ("reuses", "seed"),
    ("arrays",): ("particles", "layout", "values", "charge_unit", "mass_unit", "vertex_unit"),
}
"""Options that mean something to some kinds of source alone."""


def convert(
    context: typer.Context,
    sources: Sources,
    out: Annotated[Path, typer.Option(help="File to write: .h5, a training store, or .root.")],
    kind: Annotated[
        Literal["auto", "zdcsim", "store", "o2sim", "text", "arrays"],
        typer.Option(help="What SOURCE is; auto asks where its name and trees leave a doubt."),
    ] = "auto",
    detector: Annotated[Literal["zn", "zp"], typer.Option(help="Calorimeter.")] = "zn",
    side: Annotated[
        Literal["A", "C", "both"], typer.Option(help="o2sim: read this side only.")
    ] = "both",
    parity: Annotated[
        Literal["even", "odd", "mirrored"],
        typer.Option(
            help="o2sim: x + y of the common fibres; mirrored is odd on A and even on C. "
            "Checked against the hits."
        ),
    ] = "mirrored",
    zeros: Annotated[
        Zeros,
        typer.Option(
            help="o2sim: primaries without light to keep; text: its zero examples, or none."
        ),
    ] = "transported",
    suffix: Annotated[
        str, typer.Option(help="text: between the files' names and .txt, as _run3.")
    ] = "",
    reuses: Annotated[
        int,
        typer.Option(
            min=0,
            help="zdcsim: use every shower again in this many other places, marked as re-used; "
            "shifts need a library made with simulate --margin.",
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the places for --reuses.")] = 1,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an --out that holds showers of Geant4.")
    ] = False,
    particles: Annotated[
        Path | None, typer.Option(help="arrays: the file of the conditions.")
    ] = None,
    layout: Annotated[Literal["xy", "yx"], typer.Option(help="arrays: axes of an image.")] = "xy",
    values: Annotated[
        Literal["counts", "log1p"], typer.Option(help="arrays: counts, or log(1 + count).")
    ] = "counts",
    charge_unit: Annotated[
        Literal["e", "e/3"], typer.Option(help="arrays: unit of the charge.")
    ] = "e",
    mass_unit: Annotated[
        Literal["MeV", "GeV"], typer.Option(help="arrays: unit of the mass.")
    ] = "MeV",
    vertex_unit: Annotated[
        Literal["cm", "m"], typer.Option(help="arrays: unit of the vertex.")
    ] = "cm",
) -> None:
    """Convert responses of O2, of other groups or of ours into a training store or ROOT file.

    Example: zdcsim convert sim1.root sim2.root --kind o2sim --detector zn --out zn.h5
    """
    from zdcsim.geometry import calorimeter
    from zdcsim.io import store
    from zdcsim.io.arrays import ArraySettings
    from zdcsim.io.joining import joined
    from zdcsim.io.legacy import LegacySettings
    from zdcsim.io.lineage import recorded
    from zdcsim.io.o2sim import O2Settings
    from zdcsim.io.source import SourceSettings, origin
    from zdcsim.io.stream import write_with_missed

    _check_out(out, sources, overwrite)
    chosen = calorimeter(detector)
    settings = SourceSettings(
        O2Settings(chosen, side, parity, zeros),
        LegacySettings(chosen, suffix, "none" if zeros == "none" else "unique"),
        ArraySettings(chosen, layout, values, charge_unit, mass_unit, vertex_unit),
        particles,
    )
    found = [_read(source, kind, settings, reuses, seed) for source in sources]
    _check_options(context, {each for each, _ in found}, reuses)
    read = [blocks for _, blocks in found]
    together = read[0] if len(read) == 1 else joined(list(zip(sources, read, strict=True)))
    origins = (
        origin(source, each, settings) for source, (each, _) in zip(sources, found, strict=True)
    )
    left_out = sum(
        _left_out(source, each) for source, (each, _) in zip(sources, found, strict=True)
    )
    counted = _Count(recorded(together, origins), left_out)
    write = write_with_missed if out.suffix == ROOT_SUFFIX else store.write_blocks
    written = write(out, counted.shown())
    kinds = ", ".join(sorted({each for each, _ in found}))
    named = sources[0] if len(sources) == 1 else f"{len(sources)} sources"
    typer.echo(
        f"{out}: {written} {counted.calorimeter or chosen.name} responses of {named} ({kinds}), "
        f"{counted.missed} primaries without light kept as conditions"
    )
    if counted.unlisted:
        codes = ", ".join(f"{code} ({n})" for code, n in sorted(counted.unlisted.items()))
        typer.echo(f"primaries left out, as the PDG tables do not have their codes: {codes}")
    if left_out:
        typer.echo(
            f"{left_out} showers near the edge of the face were left out: a block "
            "with a margin scatters back what the real one loses"
        )
    asked = reuses * (written - counted.reused)
    if counted.reused < asked:
        typer.echo(
            f"{asked - counted.reused} of {asked} re-uses were not made: few different moves keep "
            "a shower on the face, off its edge, and its way in groove and fibre as it was"
        )


def _read(
    source: str, kind: "Kind | Literal['auto']", settings: "SourceSettings", reuses: int, seed: int
) -> "tuple[Kind, Iterator[Block]]":
    """Kind of a source, and its blocks."""
    from zdcsim.io.rootfile import is_url
    from zdcsim.io.source import blocks, kind_of
    from zdcsim.io.tree import is_library

    location = source if is_url(source) else Path(source)
    found = kind_of(location) if kind == "auto" else kind
    local = not is_url(source)
    if found == "zdcsim" and local and (reuses or is_library(Path(source))):
        from zdcsim.montecarlo import library

        return found, library.blocks(Path(source), reuses, seed)
    if reuses and found != "zdcsim":
        raise ValueError(f"--reuses is for files of `zdcsim simulate`; {source} is {found}")
    return found, blocks(location, found, settings)


def _left_out(source: str, kind: "Kind") -> int:
    """Showers of a source that are left out, now or when it was made, near the face's edge."""
    from zdcsim.io import own_file
    from zdcsim.io.rootfile import is_url
    from zdcsim.io.tree import is_library
    from zdcsim.montecarlo.library import EDGE_LEFT_OUT, edge_left_out

    if is_url(source) or kind not in ("zdcsim", "store"):
        return 0
    if kind == "zdcsim" and is_library(Path(source)):
        return edge_left_out(Path(source))
    return int(str(own_file.provenance_of(Path(source)).get(EDGE_LEFT_OUT, 0)))


def _check_options(context: typer.Context, kinds: "set[Kind]", reuses: int) -> None:
    from detcore.command_line import refuse_options

    for owners, names in OPTIONS_OF.items():
        if kinds.isdisjoint(owners):
            told = f"{' and '.join(owners)}, not {', '.join(sorted(kinds))}"
            refuse_options(context, names, f"sources of kind {told}")
    if not reuses:
        refuse_options(context, ("seed",), "--reuses")


def _check_out(out: Path, sources: list[str], overwrite: bool) -> None:
    from detcore.files import check_writable
    from zdcsim.io.own_file import STORE_SUFFIXES, check_replaceable

    allowed = (ROOT_SUFFIX, *STORE_SUFFIXES)
    if out.suffix not in allowed:
        raise ValueError(f"--out {out} must end in one of {', '.join(allowed)}")
    check_writable(out)
    if out.resolve() in {Path(source).resolve() for source in sources}:
        raise ValueError(f"--out {out} is a source; choose another file")
    if not overwrite:
        check_replaceable(out)


class _Count:
    """Blocks on their way to the file, counted and shown on the error stream."""

    def __init__(self, blocks: "Iterator[Block]", left_out: int) -> None:
        self.blocks, self.missed, self.calorimeter = blocks, 0, ""
        self.left_out, self.reused = left_out, 0
        self.unlisted: Counter[int] = Counter()

    def shown(self) -> "Iterator[Block]":
        """The blocks, with the number of responses so far beside a spinner."""
        from zdcsim.montecarlo.library import EDGE_LEFT_OUT
        from zdcsim.response import reused

        columns = SpinnerColumn(), TextColumn("{task.completed} responses"), TimeElapsedColumn()
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("converting", total=None)
            for block in self.blocks:
                # Joined, the blocks state what was left out of the first source.
                yield block.stating({EDGE_LEFT_OUT: self.left_out} if self.left_out else {})
                self.missed += len(block.missed_pdg)
                self.unlisted.update(block.unlisted.tolist())
                self.reused += int(reused(block.responses.particle).sum())
                self.calorimeter = block.responses.calorimeter.name
                progress.advance(task, len(block.responses))
