"""The `zdcsim` command: its subcommands, and how it tells of an error.

A command module keeps to light imports at its top and imports torch, Geant4 and matplotlib inside
its function, so that `zdcsim --help` answers at once and works without the extras.
"""

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from typer.core import TyperGroup

from detcore.batch import command as batch
from detcore.search import command as searching
from detcore.stopping import Stopped, exit_code
from zdcsim.cli.convert import convert
from zdcsim.cli.evaluate import evaluate
from zdcsim.cli.export import export
from zdcsim.cli.generate import generate
from zdcsim.cli.models import models
from zdcsim.cli.search import SEARCHED
from zdcsim.cli.simulate import simulate
from zdcsim.cli.submit import BATCH
from zdcsim.cli.train import train
from zdcsim.cli.validate import validate

EXTRA = {
    "chromo": "mc",
    "dask_jobqueue": "cluster",
    "distributed": "cluster",
    "geant4_pybind": "mc",
    "hist": "report",
    "jinja2": "report",
    "matplotlib": "report",
    "mlflow": "train",
    "mplhep": "report",
    "onnx": "train",
    "onnxscript": "train",
    "optuna": "search",
    "torch": "train",
}
"""The extra of our distribution that brings each optional package."""

EXAMPLES = """[bold]Examples[/bold], in the order of the work:

zdcsim simulate --particles 300 --copies 5 --out train.root

zdcsim validate train.root --html physics.html

zdcsim convert o2sim.root --kind o2sim --out train.h5

zdcsim train configs/zdcsim/sdi_gan_regressor.yaml --out runs/gan

zdcsim train configs/zdcsim/signal.yaml --out runs/signal

zdcsim search configs/search/shower_vae.yaml --out studies/gan

zdcsim export runs/gan --classifier runs/signal --out bundle

zdcsim models

zdcsim generate --model bundle --particles-from test.root --out fast.root

zdcsim evaluate --model bundle --reference test.root --html judged.html

zdcsim submit --gpus 1 train configs/zdcsim/gan.yaml --out runs/gan
"""

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
            typer.echo(f"zdcsim: {sentence}", err=True)
            raise typer.Exit(FAILED) from error
        except Stopped as stop:
            typer.echo(f"zdcsim: {stop}", err=True)
            raise typer.Exit(exit_code()) from stop
        except KeyboardInterrupt as stop:
            typer.echo("zdcsim: stopped from the keyboard", err=True)
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
    name="zdcsim",
    cls=Commands,
    epilog=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)
COMMANDS = (simulate, validate, convert, train, models, generate, evaluate, export)
for command in COMMANDS:
    app.command()(command)
searching.add_to(app, SEARCHED)
batch.add_to(app, BATCH)


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"zdcsim {version('zdcsim')}")
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
    """Fast simulation of the ALICE Zero Degree Calorimeters, from Geant4 showers to O2."""


def main() -> None:
    """Entry point of the installed `zdcsim` command."""
    sys.exit(app())
