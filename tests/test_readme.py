"""README shows the tables that the benchmarks wrote, to the letter; pages of docs include them."""

import re
from pathlib import Path

import pytest
import readme_tables

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"<!-- (benchmarks/\S+\.md) -->\n", README)
PAGES = sorted((ROOT / "docs").rglob("*.md"))
INCLUDED = re.findall(
    r'^--8<-- "(\S+)"$', "\n".join(page.read_text(encoding="utf-8") for page in PAGES), re.M
)

PID = ("classifiers", "adaptation", "speed")


def test_the_tables_of_the_main_results_are_there() -> None:
    assert {f"benchmarks/results/league_{name}_main.md" for name in ("zn", "zp")} <= set(SHOWN)
    assert {f"benchmarks/results/pid_{name}.md" for name in PID} <= set(SHOWN)


def test_the_validation_page_shows_its_numbers() -> None:
    assert "benchmarks/results/validation.md" in INCLUDED


@pytest.mark.parametrize("name", SHOWN)
def test_a_table_is_the_one_in_its_file(name: str) -> None:
    shown = README.split(f"<!-- {name} -->\n")[1]
    assert shown.lstrip("\n").startswith((ROOT / name).read_text(encoding="utf-8").rstrip("\n"))


def test_an_empty_place_gets_its_table_and_what_follows_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    name = "benchmarks/results/league_zn_main.md"
    begin, end = f"<!-- {name} -->\n", "<!-- end -->"
    filled = f"{begin}{(ROOT / name).read_text(encoding='utf-8').strip()}\n\n{end}"
    text = f"before\n{begin}{end}\nbetween\n{begin}old\n\n{end}\nafter\n"
    assert readme_tables.shown(text) == f"before\n{filled}\nbetween\n{filled}\nafter\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_includes_tables_and_copies_none(page: Path) -> None:
    shown = page.read_text(encoding="utf-8")
    results = (ROOT / "benchmarks/results").glob("*.md")
    lines = "\n".join(path.read_text(encoding="utf-8") for path in results).splitlines()
    rows = {line for line in lines if re.search(r"\|.*\d\.\d", line)}
    assert rows.isdisjoint(shown.splitlines())


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_figures_of_a_page_exist(page: Path) -> None:
    for figure in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / figure).is_file(), figure
