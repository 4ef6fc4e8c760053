"""The container recipes, which are built elsewhere: what they name exists, and is pinned."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RECIPES = sorted(path for path in (ROOT / "containers").iterdir() if path.name != "README.md")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def named(requirement: str) -> str:
    """The normal form of the name in a requirement."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def pinned() -> set[str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {named(line) for line in lines if "==" in line}


def extras(recipe: Path) -> list[str]:
    found = re.search(r"\.whl\)\[([a-z,]+)\]", recipe.read_text())
    assert found is not None, "the wheel is not installed with its extras"
    return found[1].split(",")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.name)
def test_what_a_recipe_installs_is_pinned(recipe: Path) -> None:
    optional = PROJECT["optional-dependencies"]
    needed = [
        *PROJECT["dependencies"],
        *(line for extra in extras(recipe) for line in optional[extra]),
    ]
    assert {named(line) for line in needed} <= pinned()
    installs = [line for line in recipe.read_text().split("\n") if 'constraints.txt "$(ls' in line]
    assert len(installs) == 1


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.name)
def test_the_python_of_a_recipe_is_one_that_we_support(recipe: Path) -> None:
    versions = re.findall(r"python:(\d+\.\d+)-", recipe.read_text())
    supported = {name.rpartition(" ")[2] for name in PROJECT["classifiers"]}
    assert versions
    assert set(versions) <= supported


def test_the_recipes_bring_the_same() -> None:
    assert len(RECIPES) == 2
    assert extras(RECIPES[0]) == extras(RECIPES[1])
    packages = [
        re.findall(r"--no-install-recommends (.+?)(?: \\)?\n", r.read_text()) for r in RECIPES
    ]
    assert packages[0] == packages[1] != []
