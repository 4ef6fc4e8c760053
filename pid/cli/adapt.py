"""`pid adapt`: train with labelled simulation and unlabelled data."""

from pathlib import Path
from typing import Annotated

import typer

from detcore.device import DeviceName


def adapt(
    config: Annotated[Path, typer.Argument(help="Settings file, e.g. configs/pid/dann.yaml.")],
    out: Annotated[Path, typer.Option(help="Run folder to write.")],
    target: Annotated[
        Path | None, typer.Option(help="Unlabelled tracks; short for --set data.target=.")
    ] = None,
    override: Annotated[
        list[str] | None, typer.Option("--set", help="Replace a setting: a.b=value. Repeatable.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Short for --set seed=.")] = None,
    device: Annotated[
        DeviceName | None, typer.Option(help="Short for --set training.device=.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on with the run in the folder.")] = False,
) -> None:
    """Train a classifier whose embedding does not tell simulation from data.

    Example: pid adapt configs/pid/dann.yaml --target data/pid_shifted.root --out runs/dann
    """
    from detcore.config import with_short_forms
    from pid.cli.events import warn_of_events
    from pid.training import adapt as trained
    from pid.training import load_experiment

    overrides = with_short_forms(override, seed=seed, training__device=device, data__target=target)
    done = trained(load_experiment(config, overrides), out, resume)
    warn_of_events(out)
    typer.echo(done.sentence(out))
