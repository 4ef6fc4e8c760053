"""The notebooks run on the committed samples, and are committed without what they print."""

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from mypy import api as mypy
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
CONFIGURATION = FOLDER.parent / "pyproject.toml"
LONGEST_CELL_SECONDS = 300
WRONG_USE = ("attr-defined", "call-arg", "import-not-found", "name-defined")
"""What mypy calls the use of something that is not there, or not so."""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def read(path: Path) -> NotebookNode:
    """A notebook, its format checked."""
    parsed: Any = nbformat  # its functions have no types
    found: NotebookNode = parsed.read(path, as_version=4)
    parsed.validate(found)
    return found


def code(notebook: NotebookNode) -> list[NotebookNode]:
    """Its cells of code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_they_are_in_order() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{n:02d}" for n in range(1, 8)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_is_committed(path: Path) -> None:
    for cell in code(read(path)):
        assert cell.outputs == [] and cell.execution_count is None, cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_says_what_is_learnt_and_where_it_ends(path: Path) -> None:
    cells = read(path).cells
    assert cells[0].source.startswith(f"# {int(path.name[:2])} · ")
    assert "What you learn" in cells[0].source
    assert cells[-1].source.startswith("**Limits.**")


@pytest.mark.slow
def test_they_call_what_there_is_as_it_is(tmp_path: Path) -> None:
    """In cells that do not run here too: those for a clone without bundles."""
    for path in NOTEBOOKS:
        lines = "\n".join(cell.source for cell in code(read(path))).splitlines()
        plain = "\n".join(line for line in lines if not line.startswith("%"))
        (tmp_path / f"notebook_{path.stem}.py").write_text(plain, encoding="utf-8")
    printed, _, _ = mypy.run(["--config-file", str(CONFIGURATION), str(tmp_path)])
    assert "Found" in printed or "Success" in printed, printed
    wrong = re.compile(rf"\[({'|'.join(WRONG_USE)})\]$")
    assert [line for line in printed.splitlines() if wrong.search(line)] == []


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path) -> None:
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=LONGEST_CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute(env=os.environ | {"TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"})
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    said = [output.text for output in outputs if output.get("name") == "stderr"]
    assert not said, said
    assert any("image/png" in output.get("data", {}) for output in outputs)
