"""Every command in README and docs works: it is run, or parsed where its page says why not."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import command_parsing
import forked
import pytest
from documented_commands import LANGUAGES, Block, blocks_of
from forked import Ended

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


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_the_commands_of_a_page_run(page: Path, folders: dict[str, Path]) -> None:
    for block in blocks_of(page):
        if block.language in ("sh", "python") and not block.parsed_only:
            done = ran(block, folders["docs" if page.parent.name == "docs" else "readme"])
            assert done.code == 0, f"{place(block)}\n{done.said}"


def ran(block: Block, folder: Path) -> Ended:
    """The block after it was run in a folder, with the programs of this environment."""
    programs = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "MPLBACKEND": "agg",
    }
    printed = folder / "printed"
    if block.language == "python":
        return forked.run(["python", "-c", block.text], folder, environment, printed)
    said, done = "", Ended(0, "")
    for part in parts_of(block.script):
        ours = forked.program_of(part)
        if ours is not None:
            done = forked.run(ours[0], folder, environment | ours[1], printed)
        else:
            done = in_a_shell(part, folder, environment)
        said += done.said
        if done.code != 0:
            break
    return Ended(done.code, said)


def parts_of(script: str) -> list[str]:
    """The lines of a script; all of it as one where a line is for the shell to remember."""
    lines = script.splitlines()
    remembered = any(line.split()[0] in ("cd", "export", "set") for line in lines)
    return [script] if remembered else lines


def in_a_shell(script: str, folder: Path, environment: dict[str, str]) -> Ended:
    """A script after it was run."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout)


@pytest.mark.parametrize(
    ("language", "text", "code", "said"),
    [
        (
            "sh",
            "zdcsim models\nzdcsim generate --model none -n 1\nzdcsim models",
            2,
            "zn-shower-vae",
        ),
        ("sh", "true | zdcsim trian", 2, "trian"),
        ("sh", "cd nowhere\nzdcsim models", 1, "nowhere"),
        ("sh", "false\nzdcsim models", 1, ""),
        ("python", "import os\nraise SystemExit(os.environ['MPLBACKEND'])", 1, "agg"),
        ("python", "from pathlib import Path\nprint(sorted(Path().iterdir()))", 0, "printed"),
    ],
)
def test_a_command_that_fails_is_seen(
    language: str, text: str, code: int, said: str, tmp_path: Path
) -> None:
    done = ran(Block(tmp_path / "page.md", 1, language, text, ""), tmp_path)
    assert done.code == code
    assert said in done.said
    assert done.said.count("zn-shower-vae") <= 1, "a line after one that failed was run"


def test_only_plain_lines_of_our_programs_are_run_without_a_shell() -> None:
    asked = forked.program_of("A=1 B='x y' zdcsim simulate --x '-1; 2' --out a.root")
    assert asked == (
        ["zdcsim", "simulate", "--x", "-1; 2", "--out", "a.root"],
        {"A": "1", "B": "x y"},
    )
    for line in ("zdcsim models > a", "zdcsim models && true", "zdcsim x --set $A", "make test",
                 'zdcsim models "$A"', "zdcsim models *.root", "A=1"):  # fmt: skip
        assert forked.program_of(line) is None, line


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
        "python benchmarks/steps.py --nothing 3",
        "o2-sim --configKeyValues 'ZDCSimParam.useFastSim=true'",
        "unheard-of --option",
        "cd runs && zdcsim generate --model a",
    ],
)
def test_a_wrong_command_would_be_found(line: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        command_parsing.check(line)
