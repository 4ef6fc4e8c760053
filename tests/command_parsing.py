"""Arguments of documented commands, taken through the parsers of the real ones without running."""

import re
import shlex
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from pid.cli.main import app as pid_app
from pid.training import load_experiment as load_pid_experiment
from zdcsim.cli.main import app as zdcsim_app
from zdcsim.training import load_experiment

ROOT = Path(__file__).resolve().parent.parent
OPERATORS = {"|", "&&", ";"}
KEPT = ("configs/", "data/", "benchmarks/", "docs/", "constraints")
O2_KEYS = {"SimCutParams.maxAbsZTracking", "SimCutParams.maxRTracking"} | {
    f"ZDCSimParam.{key}"
    for key in (
        "useZDCFastSim", "debugZDCFastSim", "recordSpatialResponse", "ZDCFastSimClassifierPath",
        "ZDCFastSimClassifierScales", "ZDCFastSimModelPathNeutron",
        "ZDCFastSimModelScalesNeutron", "ZDCFastSimModelPathProton",
        "ZDCFastSimModelScalesProton",
    )
}  # fmt: skip
"""Parameters of O2 that may be named; those of the ZDC are all that its ZDCSimParam has for it."""


OTHERS = {
    ".", "apptainer", "cd", "condor_submit", "cp", "docker", "export", "git", "mkdir", "mkdocs",
    "mlflow", "o2-sim", "o2-sim-digitizer-workflow", "o2-sim-serial", "o2-zdc-digits-reco",
    "podman", "sbatch", "sha256sum", "squeue",
}  # fmt: skip
"""Programs of others, whose arguments are not ours to know."""


def check(line: str) -> None:
    """Check one line of shell.

    Raises:
        ValueError: If a program is unknown here or would refuse its arguments, or a file of the
            repository that it names does not exist.
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    command: list[str] = []
    for word in [*lexer, ";"]:
        if word in OPERATORS:
            if command:
                _check_one(command)
            command = []
        else:
            command.append(word)


def _check_one(words: Sequence[str]) -> None:
    _o2(words)
    words = [w for k, w in enumerate(words) if not (re.match(r"[A-Z_]+=", w) and k == 0)]
    if not words:
        return
    program, *arguments = words
    for word in arguments:
        if word.startswith(KEPT) and not (ROOT / word).exists():
            raise ValueError(f"{program}: {word} does not exist in the repository")
    if program in PROGRAMS:
        PROGRAMS[program](arguments)
    elif program not in OTHERS:
        raise ValueError(f"{program} is not a program that documented commands are known to use")


def parsed(application: typer.Typer, name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Parameters of the subcommand that arguments name, as its parser understands them.

    Raises:
        ValueError: If the parser refuses them.
    """
    group: Any = typer.main.get_command(application)
    try:
        context = group.make_context(name, list(arguments))
        rest = [*context._protected_args, *context.args]
        word, command, rest = group.resolve_command(context, rest)
        return dict(command.make_context(word, rest, parent=context).params)
    except typer.Exit:
        return {}  # --version and --help
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        raise ValueError(f"{shlex.join([name, *arguments])}: {error.format_message()}") from None


def of_ours(found: Mapping[str, Any]) -> bool:
    """Whether parameters name a settings file of the repository, and not one made by a command."""
    return "config" in found and found["config"].is_relative_to("configs")


def _zdcsim(arguments: Sequence[str]) -> None:
    found = parsed(zdcsim_app, "zdcsim", arguments)
    if arguments[0] == "train" and of_ours(found):
        load_experiment(ROOT / found["config"], found["override"] or ())


def _pid(arguments: Sequence[str]) -> None:
    found = parsed(pid_app, "pid", arguments)
    if arguments[0] in ("train", "adapt") and of_ours(found):
        load_pid_experiment(ROOT / found["config"], found["override"] or ())


def _module(arguments: Sequence[str]) -> None:
    """What follows `-m`, or a script of ours whose options its source names."""
    if "-m" in arguments:
        at = arguments.index("-m") + 1
        _check_one(arguments[at:])
        return
    script = next(ROOT / word for word in arguments if word.endswith(".py"))
    source = script.read_text(encoding="utf-8")
    options = [word.split("=")[0] for word in arguments if word.startswith("--")]
    unknown = [name for name in options if name != "--help" and f'"{name}"' not in source]
    if unknown:
        raise ValueError(f"{script.name} does not know {', '.join(unknown)}")


def _make(arguments: Sequence[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    unknown = [word for word in arguments if "=" not in word and word not in targets]
    if unknown:
        raise ValueError(f"the Makefile has no target {', '.join(unknown)}")


def _pip(arguments: Sequence[str]) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = settings["project"]["optional-dependencies"]
    named = {name for word in arguments for name in re.findall(r"[\w-]+", _in_brackets(word))}
    if not named <= set(extras):
        raise ValueError(f"there is no extra {', '.join(named - set(extras))}")


def _in_brackets(word: str) -> str:
    found = re.search(r"\[(.*)\]", word)
    return found[1] if found else ""


def _o2(arguments: Sequence[str]) -> None:
    keys = set(re.findall(r"((?:ZDCSimParam|SimCutParams)\.\w+)", " ".join(arguments)))
    if not keys <= O2_KEYS:
        raise ValueError(f"O2 has no parameter {', '.join(sorted(keys - O2_KEYS))}")


PROGRAMS: dict[str, Callable[[Sequence[str]], None]] = {
    "zdcsim": _zdcsim,
    "pid": _pid,
    "torchrun": _module,
    "python": _module,
    "make": _make,
    "pip": _pip,
}
