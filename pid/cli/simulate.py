"""`pid simulate`: tracks of a parametric detector into a ROOT file."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer


def simulate(
    out: Annotated[Path, typer.Option(help="ROOT file to write.")],
    settings: Annotated[
        Path | None, typer.Argument(help="Settings (YAML); without, the defaults.")
    ] = None,
    tracks: Annotated[int, typer.Option(min=1, help="Number of tracks.")] = 60_000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same tracks.")] = 1,
    table: Annotated[
        Literal["mc", "mcml", "data", "dataml"],
        typer.Option(help="The producer's table: with n-sigma or ml only, with truth or data."),
    ] = "mc",
    truth: Annotated[
        Path | None, typer.Option(help="For data and dataml: where to keep the truth apart.")
    ] = None,
    override: Annotated[
        list[str] | None, typer.Option("--set", help="Replace a setting: a.b=value.")
    ] = None,
    mantissa_bits: Annotated[
        int, typer.Option(min=1, max=23, help="Precision of the floats in the file.")
    ] = 12,
    compression: Annotated[
        Literal["zstd", "lzma"], typer.Option(help="zstd is fastest, lzma smallest.")
    ] = "zstd",
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 = one for every core.")] = 0,
    share: Annotated[
        str | None,
        typer.Option(
            help="Simulate the third of twenty shares only, 3/20, and keep it beside --out; the "
            "command without --share merges them. For arrays of batch jobs: see submit."
        ),
    ] = None,
) -> None:
    """Simulate tracks of proton-proton collisions and write them as O2's PIDML producer does.

    The collisions are of a real generator, the detector is parametric; the file says so.

    Example: pid simulate --tracks 1000000 --out tracks.root
    """
    from detcore import config
    from detcore.command_line import check_root
    from detcore.share import parsed
    from pid.simulation.run import Production, run, run_share
    from pid.simulation.settings import SimulationSettings

    check_root(out, truth)
    if override and not settings:
        raise ValueError("--set replaces settings of a file; name one, configs/pid/simulate.yaml")
    values = config.read(settings, override or ()) if settings else {}
    production = Production(
        settings=config.check(values, SimulationSettings, str(settings or "the settings")),
        tracks=tracks,
        seed=seed,
        table=table,
        mantissa_bits=mantissa_bits,
        compression=compression,
    )
    processes = workers or os.cpu_count() or 1
    with _Bar() as bar:
        if share is not None:
            kept = run_share(production, out, parsed(share), processes, bar.show)
            typer.echo(f"share {share} of {out}: {kept} tracks are kept")
            return
        written = run(production, out, truth, processes, bar.show)
    apart = f"; truth in {truth}" if truth else ""
    typer.echo(f"{out}: {written} tracks, parametric detector{apart}")


class _Bar:
    """A progress bar of tracks."""

    def __init__(self) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._progress = Progress(
            TextColumn("tracks"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self._task = self._progress.add_task("tracks", total=None)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)
