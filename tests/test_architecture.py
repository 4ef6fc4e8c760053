"""Directions of imports, light imports, and the shape of the source files."""

import ast
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("detcore", "zdcsim", "pid")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
HEAVY = {"awkward", "chromo", "geant4_pybind", "hist", "jinja2", "matplotlib", "mlflow", "mplhep"}
HEAVY |= {"lightgbm", "onnx", "onnxruntime", "onnxscript", "scipy", "sklearn", "torch", "uproot"}
PLANTED = [
    ("zdcsim/geometry.py", "import zdcsim.response", "layers"),
    ("zdcsim/losses/diversity.py", "import zdcsim.models", "layers"),
    ("zdcsim/unknown.py", "import math", "layers"),
    ("detcore/files.py", "import zdcsim.geometry", "detcore"),
    ("zdcsim/evaluation/floor.py", "import torch", "torch"),
    ("zdcsim/models/generator.py", "import uproot", "root"),
    ("zdcsim/evaluation/floor.py", "import matplotlib.pyplot", "plots"),
    ("zdcsim/light/fibre.py", "import geant4_pybind", "montecarlo"),
    ("zdcsim/response.py", "import rich.console", "screen"),
    ("zdcsim/response.py", "import pid.tracks", "independence"),
    ("pid/species.py", "import pid.columns", "pid-layers"),
    ("pid/losses/cross_entropy.py", "import pid.models.mlp", "pid-layers"),
    ("pid/evaluation/rates.py", "import pid.training.config", "pid-layers"),
    ("pid/unknown.py", "import math", "pid-layers"),
    ("detcore/files.py", "import pid.species", "detcore"),
    ("pid/scoring.py", "import torch", "torch"),
    ("pid/evaluation/campaign.py", "import pid.models.mlp", "torch"),
    ("pid/sample/split.py", "import uproot", "root"),
    ("pid/evaluation/report.py", "import matplotlib.pyplot", "plots"),
    ("pid/detector/tof.py", "import chromo", "montecarlo"),
    ("pid/simulation/run.py", "import geant4_pybind", "montecarlo"),
    ("pid/evaluation/campaign.py", "import rich.console", "screen"),
    ("pid/species.py", "import zdcsim.conditions", "independence"),
]


def lint_imports(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Check the contracts of pyproject.toml on the packages in `folder`."""
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-logo", "--no-cache", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def modules_after(code: str) -> set[str]:
    """Top-level packages that a fresh interpreter holds after running `code`."""
    report = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(ran.stdout.splitlines()[-1].split())


def test_imports_keep_their_directions() -> None:
    checked = lint_imports(ROOT)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(("file", "line", "contract"), PLANTED)
def test_a_planted_import_is_reported(file: str, line: str, contract: str, tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.gz"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a") as source:
        source.write(f"\n{line}\n")
    checked = lint_imports(tmp_path, "--contract", contract)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "BROKEN" in checked.stdout or "Missing layers" in checked.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import zdcsim",
        "import zdcsim.response",
        "import detcore",
        "import pid",
        "import pid.tracks",
    ],
)
def test_importing_the_package_is_light(code: str) -> None:
    assert modules_after(code) & HEAVY == set()


COMMANDS = [
    *(f"zdcsim.cli.{name}" for name in ("simulate", "train", "generate", "evaluate", "export")),
    *(f"pid.cli.{name}" for name in ("simulate", "train", "adapt", "evaluate", "export")),
    "zdcsim.cli.main",
    "pid.cli.main",
]


@pytest.mark.parametrize("module", COMMANDS)
def test_the_command_line_is_light(module: str) -> None:
    assert modules_after(f"import {module}") & HEAVY == set()


def test_every_package_is_listed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = settings["tool"]["setuptools"]["packages"]["find"]["include"]
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found == set(PACKAGES)
    assert all(any(fnmatch(name, pattern) for pattern in listed) for name in found)
    assert {path.parent for path in SOURCES} == {
        path.parent for path in SOURCES if path.name == "__init__.py"
    }


def test_types_are_shipped() -> None:
    assert all((ROOT / package / "py.typed").exists() for package in PACKAGES)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_file_is_one_small_concept(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert path.stem not in {"utils", "util", "helpers", "misc", "common"}
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.body[0].lineno + 1
            assert length <= 60, f"the body of {node.name} has {length} lines"
