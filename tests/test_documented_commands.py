"""Every command in README and docs works: it is run, or parsed where its page says why not."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import command_parsing
import pytest
from documented_commands import LANGUAGES, Block, blocks_of

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [ROOT / name for name in ("CONTRIBUTING.md", "data/README.md", "data/PID.md")]
NAVIGATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
BLOCKS = [block for page in PAGES for block in blocks_of(page)]
SHELL = [block for block in BLOCKS if block.language == "sh"]
PYTHON = [block for block in BLOCKS if block.language == "python"]
RUN = sorted(
    {block.page for block in SHELL + PYTHON if not block.parsed_only},
    key=lambda page: NAVIGATION.find(f": {page.name}"),
)
"""Pages in the order in which they are read; README, which is no page of the site, first."""


def place(block: Block) -> str:
    """Where a block stands."""
    return f"{block.page.name}:{block.line}"


def test_the_languages_of_all_blocks_are_named() -> None:
    assert [place(block) for block in BLOCKS if block.language not in LANGUAGES] == []


def test_marks_are_understood_and_give_a_reason() -> None:
    for block in SHELL + PYTHON:
        assert not block.mark or block.parsed_only or block.added, place(block)
        for words in block.added:
            assert any(line.startswith(words) for line in block.commands), place(block)


@pytest.mark.parametrize("block", SHELL, ids=place)
def test_the_arguments_of_a_block_are_understood(block: Block) -> None:
    for line in block.script.splitlines():
        command_parsing.check(line)


@pytest.mark.parametrize("block", PYTHON, ids=place)
def test_a_python_block_is_python(block: Block) -> None:
    ast.parse(block.text)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where commands run: README in a folder of its own, the pages one after the other in one."""
    made = {name: tmp_path_factory.mktemp(name) for name in ("readme", "docs")}
    for folder in made.values():
        for name in ("configs", "data", "benchmarks"):
            (folder / name).symlink_to(ROOT / name)
    return made


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_the_commands_of_a_page_run(page: Path, folders: dict[str, Path]) -> None:
    for block in blocks_of(page):
        if block.language in ("sh", "python") and not block.parsed_only:
            done = ran(block, folders["docs" if page.parent.name == "docs" else "readme"])
            assert done.returncode == 0, f"{place(block)}\n{done.stdout}\n{done.stderr}"


def ran(block: Block, folder: Path) -> subprocess.CompletedProcess[str]:
    """The block after it was run in a folder, with the programs of this environment."""
    programs = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "MPLBACKEND": "agg",
    }
    shell = ["bash", "-euo", "pipefail", "-c", block.script]
    command = shell if block.language == "sh" else [sys.executable, "-c", block.text]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "line",
    [
        "zdcsim trian configs/zdcsim/gan.yaml --out runs/a",
        "zdcsim train configs/zdcsim/gan.yaml --outt runs/a",
        "zdcsim train configs/zdcsim/none.yaml --out runs/a",
        "zdcsim train configs/zdcsim/gan.yaml --out runs/a --set training.stepps=3",
        "zdcsim export runs/a --classifier runs/b --target aliroot --out c",
        "torchrun --nproc-per-node 2 -m zdcsim train configs/zdcsim/gan.yaml --outt a",
        "pid export runs/a --target nothing --out b",
        "pid train configs/pid/debug.yaml --out runs/a --set training.stepps=3",
        "make nothing",
        "pip install 'zdcsim[nothing]'",
        "python benchmarks/terms.py --nothing 3",
        "o2-sim --configKeyValues 'ZDCSimParam.useFastSim=true'",
        "unheard-of --option",
        "cd runs && zdcsim generate --model a",
    ],
)
def test_a_wrong_command_would_be_found(line: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        command_parsing.check(line)
