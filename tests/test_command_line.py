"""The command line as its user meets it: the list of commands, and errors in one sentence."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from detcore.command_line import program
from pid.cli.main import app as pid_app
from zdcsim.cli.main import app

COMMANDS = [
    "simulate", "validate", "convert", "train", "models", "generate", "evaluate", "export",
    "deploy",
    "search", "submit",
]  # fmt: skip


def run(application: typer.Typer, *arguments: str) -> Result:
    """Run a command in this process, on a screen wide enough not to wrap."""
    return CliRunner().invoke(application, list(arguments), env={"COLUMNS": "200"})


def raising(error: BaseException) -> typer.Typer:
    """The command line with one subcommand, `train`, that raises `error`."""

    def train() -> None:
        raise error

    def evaluate() -> None:
        """A single command would need no name."""

    return program("zdcsim", "A test.", (train, evaluate))


def zdcsim(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "zdcsim", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def listed(shown: str) -> dict[str, str]:
    """Name and one-line help of the commands in a help page."""
    table = shown[shown.index("Commands") :]
    return dict(re.findall(r"^│ (\w+) +(\S.*?) *│$", table, re.MULTILINE))


def test_help_lists_the_commands_with_a_line_and_an_example_each() -> None:
    shown = run(app, "--help")
    assert shown.exit_code == 0
    commands = listed(shown.output)
    assert list(commands) == COMMANDS
    assert all(text.endswith(".") for text in commands.values())
    assert all(f"zdcsim {name} " in shown.output for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_explained(command: str) -> None:
    shown = run(app, command, "--help")
    assert shown.exit_code == 0
    described = typer.main.get_command(app)
    parameters = described.commands[command].params  # type: ignore[attr-defined]
    assert parameters
    assert all(getattr(parameter, "help", None) for parameter in parameters)


def test_version_is_that_of_the_distribution() -> None:
    assert run(app, "--version").output == f"zdcsim {version('zdcsim')}\n"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("the tree\n  is missing"),
        FileNotFoundError(2, "No such file", "a.root"),
        FloatingPointError("the loss is not finite at step 7"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_one_sentence_on_standard_error(error: Exception) -> None:
    result = run(raising(error), "train")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"zdcsim: {' '.join(str(error).split())}\n"


def test_debug_shows_the_error_itself() -> None:
    error = ValueError("the tree is missing")
    assert run(raising(error), "--debug", "train").exception is error


def test_a_defect_of_ours_is_not_hidden() -> None:
    for error in (KeyError("energy"), ModuleNotFoundError("no module", name="zdcsim.nowhere")):
        assert run(raising(error), "train").exception is error


def test_a_missing_extra_is_named() -> None:
    error = ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")
    result = run(raising(error), "train")
    assert result.exit_code == 2
    assert result.stderr == (
        "zdcsim: train needs the package torch, which is not installed; "
        "run: pip install 'zdcsim[train]'\n"
    )


def test_stopping_from_the_keyboard_is_quiet() -> None:
    result = run(raising(KeyboardInterrupt()), "train")
    assert result.exit_code == 130
    assert result.stderr == "zdcsim: stopped from the keyboard\n"


def test_a_missing_file_is_told_in_one_line(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.root")
    result = zdcsim("evaluate", "--reference", missing, "--generated", missing)
    assert result.returncode == 2
    assert "none.root" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("application", "command"),
    [
        (app, ("train", "configs/zdcsim/debug.yaml", "--out", "run")),
        (app, ("evaluate", "--model", "zn-shower-vae")),
        (app, ("generate", "--model", "zn-shower-vae", "--particle", "neutron", "--out", "a.root")),
        (pid_app, ("train", "configs/pid/debug.yaml", "--out", "run")),
        (pid_app, ("adapt", "configs/pid/debug.yaml", "--out", "run")),
    ],
)
def test_a_negative_seed_is_refused_before_the_work(
    application: typer.Typer, command: tuple[str, ...]
) -> None:
    refused = run(application, *command, "--seed", "-1")
    assert refused.exit_code == 2
    assert "Invalid value for '--seed'" in refused.stderr
