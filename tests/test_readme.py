"""README shows the tables that the benchmarks wrote, to the letter."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"<!-- (benchmarks/\S+\.md) -->\n", README)


def test_the_tables_of_the_main_results_are_there() -> None:
    assert {"benchmarks/results/zn-shower-vae.md", "benchmarks/results/terms.md"} <= set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_a_table_is_the_one_in_its_file(name: str) -> None:
    shown = README.split(f"<!-- {name} -->\n")[1]
    assert shown.lstrip("\n").startswith((ROOT / name).read_text(encoding="utf-8").rstrip("\n"))
