"""`pid train`: train the classifier that a settings file describes."""

from pathlib import Path
from typing import Annotated

import typer

from detcore.device import DeviceName


def train(
    config: Annotated[
        Path, typer.Argument(help="Settings file, e.g. configs/pid/feature_set.yaml.")
    ],
    out: Annotated[Path, typer.Option(help="Run folder to write.")],
    override: Annotated[
        list[str] | None, typer.Option("--set", help="Replace a setting: a.b=value. Repeatable.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Short for --set seed=.")] = None,
    device: Annotated[
        DeviceName | None, typer.Option(help="Short for --set training.device=.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on with the run in the folder.")] = False,
) -> None:
    """Train a classifier on simulated tracks; the run folder keeps the best weights.

    Example: pid train configs/pid/feature_set.yaml --out runs/feature_set
    """
    from detcore.config import with_short_forms
    from pid.cli.events import warn_of_events
    from pid.training import load_experiment, run

    overrides = with_short_forms(override, seed=seed, training__device=device)
    done = run(load_experiment(config, overrides), out, resume)
    warn_of_events(out)
    typer.echo(done.sentence(out))
