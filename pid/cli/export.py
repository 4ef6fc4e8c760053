"""`pid export`: trained classifiers as the folder of files that O2Physics reads."""

from pathlib import Path
from typing import Annotated

import typer

from pid.cli.parsing import numbers
from pid.io.contract import Contract
from pid.working_point import Goal


def export(
    run: Annotated[list[Path], typer.Argument(help="Run folders; several seeds are averaged.")],
    out: Annotated[Path, typer.Option(help="Bundle folder to write; a bundle is replaced.")],
    target: Annotated[Contract, typer.Option(help="Who will read it.")] = "pidml",
    goal: Annotated[Goal, typer.Option(help="What thresholds are chosen for.")] = "f1",
    wanted: Annotated[
        float | None, typer.Option(help="The wanted purity or efficiency, between 0 and 1.")
    ] = None,
    bins: Annotated[
        str, typer.Option(help="Edges of the thresholds' bins in pT, GeV/c, comma between.")
    ] = "0.1,0.3,0.5,0.8,1.2,2,3,5,20",
    sample: Annotated[
        Path | None, typer.Option(help="File of the validation tracks, if it was moved.")
    ] = None,
) -> None:
    """Calibrate on validation tracks, choose thresholds, export, and prove what O2Physics reads.

    Nothing is written when what O2Physics would read differs from what Python computes.

    Example: pid export runs/feature_set --target pidml --out bundle
    """
    from pid.export import task_limits
    from pid.export.o2physics import write_bundle
    from pid.export.runs import from_runs
    from pid.export.trained import WorkingPointSettings, fit

    trained, validation = from_runs(run, sample)
    fitted = fit(trained, validation, WorkingPointSettings(goal, wanted, numbers("--bins", bins)))
    result = write_bundle(fitted, out, target, validation)
    typer.echo(
        f"{out}: {trained.name}, calibrated on {fitted.tracks} validation tracks; "
        f"{len(fitted.scores)} species for {target}"
    )
    worst = max(result.by_pattern.values())
    typer.echo(
        f"ONNX Runtime gives Python's scores within {worst:.1e} with all patterns of detectors, "
        f"batches {', '.join(map(str, result.batches))}"
    )
    if result.emulated:
        typer.echo(f"so does O2Physics' feature building, emulated for {result.emulated} tracks")
    if must_set := task_limits.to_set(trained.limits, target):
        typer.echo(task_limits.sentence(must_set))
