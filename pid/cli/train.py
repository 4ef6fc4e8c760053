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
    seed: Annotated[int | None, typer.Option(help="Short for --set seed=.")] = None,
    device: Annotated[
        DeviceName | None, typer.Option(help="Short for --set training.device=.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on with the run in the folder.")] = False,
) -> None:
    """Train a classifier on simulated tracks; the run folder keeps the best weights.

    Example: pid train configs/pid/feature_set.yaml --out runs/feature_set
    """
    from pid.training import load_experiment, run

    done = run(load_experiment(config, overrides(override, seed, device)), out, resume)
    typer.echo(
        f"{done.step} steps in {done.seconds:.0f} s; "
        f"best validation {done.best:.4g} at step {done.best_step}; run folder {out}"
    )


def overrides(given: list[str] | None, seed: int | None, device: DeviceName | None) -> list[str]:
    """What replaces settings of the file, the short forms last."""
    replaced = list(given or ())
    replaced += [f"seed={seed}"] if seed is not None else []
    replaced += [f"training.device={device}"] if device is not None else []
    return replaced
