"""The `pid` command: its subcommands, and how it tells of an error.

A command module keeps to light imports at its top and imports torch and matplotlib inside its
function, so that `pid --help` answers at once and works without the extras.
"""

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from typer.core import TyperGroup

from detcore.batch import command as batch
from detcore.search import command as searching
from detcore.stopping import Stopped, exit_code
from pid.cli.adapt import adapt
from pid.cli.evaluate import evaluate
from pid.cli.export import export
from pid.cli.models import models
from pid.cli.search import SEARCHED
from pid.cli.simulate import simulate
from pid.cli.submit import BATCH
from pid.cli.train import train

EXTRA = {
    "chromo": "mc",
    "hist": "report",
    "jinja2": "report",
    "lightgbm": "train",
    "matplotlib": "report",
    "mlflow": "train",
    "mplhep": "report",
    "onnx": "train",
    "onnxscript": "train",
    "optuna": "search",
    "sklearn": "train",
    "torch": "train",
}
"""The extra of our distribution that brings each optional package."""

FAILED, INTERRUPTED = 2, 130


class Commands(TyperGroup):
    """The group of subcommands; a foreseen error ends it with one sentence and exit code 2."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the chosen subcommand; with --debug its errors pass through as they are."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (ValueError, OSError, FloatingPointError, ModuleNotFoundError) as error:
            if ctx.params["debug"] or not (sentence := explain(error, ctx.invoked_subcommand)):
                raise
            typer.echo(f"pid: {sentence}", err=True)
            raise typer.Exit(FAILED) from error
        except Stopped as stop:
            typer.echo(f"pid: {stop}", err=True)
            raise typer.Exit(exit_code()) from stop
        except KeyboardInterrupt as stop:
            typer.echo("pid: stopped from the keyboard", err=True)
            raise typer.Exit(INTERRUPTED) from stop


def explain(error: Exception, command: str | None) -> str:
    """One line for the user; empty when the error is not one that a user can act on."""
    if not isinstance(error, ModuleNotFoundError):
        return " ".join(str(error).split()) or type(error).__name__
    package = (error.name or "").partition(".")[0].replace("-", "_")
    if package not in EXTRA:
        return ""
    return (
        f"{command} needs the package {package}, which is not installed; "
        f"run: pip install 'zdcsim[{EXTRA[package]}]'"
    )


app = typer.Typer(
    name="pid",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (simulate, train, adapt, models, evaluate, export):
    app.command()(command)
searching.add_to(app, SEARCHED)
batch.add_to(app, BATCH)


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"pid {version('zdcsim')}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the Python traceback of an error.")
    ] = False,
    show: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and stop.", callback=show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Particle identification on incomplete tracks, from simulation to O2Physics."""


def main() -> None:
    """Entry point of the installed `pid` command."""
    sys.exit(app())
