"""What the commands of both packages have in common: how they are set up and tell of an error.

A command module keeps to light imports at its top and imports torch, Geant4 and matplotlib inside
its function, so that `--help` answers at once and works without the extras.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from detcore.files import check_writable
from detcore.stopping import KEYBOARD, Stopped, exit_code

DISTRIBUTION = "zdcsim"
EXTRA = {
    "chromo": "mc",
    "dask_jobqueue": "cluster",
    "distributed": "cluster",
    "geant4_pybind": "mc",
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
            typer.echo(f"{self.name}: {sentence}", err=True)
            raise typer.Exit(FAILED) from error
        except Stopped as stop:
            typer.echo(f"{self.name}: {stop}", err=True)
            raise typer.Exit(INTERRUPTED if stop.name == KEYBOARD else exit_code()) from stop
        except KeyboardInterrupt as stop:
            typer.echo(f"{self.name}: stopped from the keyboard", err=True)
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
        f"run: pip install '{DISTRIBUTION}[{EXTRA[package]}]'"
    )


def check_root(out: Path, beside: Path | None = None) -> None:
    """Refuse, before the work, an output that is no ROOT file or, as one beside it, unwritable.

    Raises:
        ValueError: If so.
    """
    if out.suffix != ".root":
        raise ValueError(f"--out {out} must end in .root")
    check_writable(out, beside)


def refuse_options(context: typer.Context, names: Sequence[str], owner: str) -> None:
    """Refuse options that were given and would be ignored.

    Arguments:
        context: Of the command.
        names: Of its parameters.
        owner: What they are options of, for the message.

    Raises:
        ValueError: If one of them was given.
    """
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in names
        and getattr(context.get_parameter_source(parameter.name), "name", "") == "COMMANDLINE"
    ]
    if given:
        raise ValueError(f"{', '.join(given)} would be ignored: for {owner}; leave it out")


def program(
    name: str, purpose: str, commands: Sequence[Callable[..., None]], epilog: str | None = None
) -> typer.Typer:
    """The command line of a package, with --version and --debug.

    Arguments:
        name: Of the command.
        purpose: One line for `--help`.
        commands: Its subcommands, in the order of the work.
        epilog: Below the list of subcommands.
    """
    app = typer.Typer(
        name=name,
        cls=Commands,
        epilog=epilog,
        no_args_is_help=True,
        rich_markup_mode="rich",
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for command in commands:
        app.command()(command)

    def show_version(wanted: bool) -> None:
        if wanted:
            typer.echo(f"{name} {version(DISTRIBUTION)}")
            raise typer.Exit

    @app.callback(help=purpose)
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
        """Take the options that stand before the subcommand."""

    return app
