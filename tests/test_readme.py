"""README and the pages of docs show the tables that the benchmarks wrote, to the letter."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"<!-- (benchmarks/\S+\.md) -->\n", README)
DOCS = sorted((ROOT / "docs").glob("*.md"))
TABLES = [
    (page, name)
    for page in (ROOT / "README.md", *DOCS)
    for name in re.findall(r"<!-- (benchmarks/\S+\.md) -->\n", page.read_text(encoding="utf-8"))
]

PID = ("classifiers", "adaptation", "speed")


def test_the_tables_of_the_main_results_are_there() -> None:
    assert {"benchmarks/results/zn-shower-vae.md", "benchmarks/results/terms.md"} <= set(SHOWN)
    assert {f"benchmarks/results/pid_{name}.md" for name in PID} <= set(SHOWN)


def test_the_validation_page_shows_its_numbers() -> None:
    assert "benchmarks/results/validation.md" in [name for page, name in TABLES if page in DOCS]


@pytest.mark.parametrize(("page", "name"), TABLES, ids=lambda value: Path(value).name)
def test_a_table_is_the_one_in_its_file(page: Path, name: str) -> None:
    shown = page.read_text(encoding="utf-8").split(f"<!-- {name} -->\n")[1]
    assert shown.lstrip("\n").startswith((ROOT / name).read_text(encoding="utf-8").rstrip("\n"))


@pytest.mark.parametrize("page", [ROOT / "README.md", *DOCS], ids=lambda page: page.name)
def test_figures_of_a_page_exist(page: Path) -> None:
    for figure in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / figure).is_file(), figure
