"""The `pid` command as its user meets it: the list of commands, and errors in one sentence."""

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from pid.cli.main import app

COMMANDS = ["simulate", "train", "adapt", "models", "evaluate", "export", "search", "submit"]


def run(*arguments: str) -> Result:
    """Run a command in this process, on a screen wide enough not to wrap."""
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def test_help_lists_the_commands_with_a_line_each() -> None:
    shown = run("--help")
    assert shown.exit_code == 0
    table = shown.output[shown.output.index("Commands") :]
    listed = dict(re.findall(r"^│ (\w+) +(\S.*?) *│$", table, re.MULTILINE))
    assert list(listed) == COMMANDS
    assert all(text.endswith(".") for text in listed.values())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained_and_an_example_given(command: str) -> None:
    shown = run(command, "--help")
    assert shown.exit_code == 0
    assert f"Example: pid {command} " in shown.output
    described = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    assert all(parameter.help for parameter in described.params)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("evaluate", "no-bundle"), "is neither a folder nor a model"),
        (("evaluate", "--p-bins", "1,x"), "--p-bins must be numbers"),
        (("evaluate", "--pt-bins", "2,1"), "momentum edges must ascend"),
        (("train", "no.yaml", "--out", "x"), "no.yaml"),
        (("export", "no-run", "--out", "x"), "no-run"),
    ],
)
def test_an_error_is_one_sentence(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data/pid-x").mkdir(parents=True)
    (tmp_path / "data/pid-x/columns_for_training.json").touch()
    monkeypatch.chdir(tmp_path)
    shown = run(*arguments)
    assert shown.exit_code == 2
    told = shown.stderr.strip().splitlines()  # a bar of progress may stand before
    assert told[-1].startswith("pid: ") and said in told[-1]
    assert not any("Traceback" in line for line in told)
