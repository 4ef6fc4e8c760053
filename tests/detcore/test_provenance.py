"""Where a result comes from."""

from pathlib import Path

import pytest

from detcore.provenance import processor, shortened

COMMIT = "18fcf4556bdf00b1c44a75b729e30478082d1595"


@pytest.mark.parametrize(
    ("commit", "short"),
    [
        (COMMIT, "18fcf4556bdf"),
        (f"{COMMIT}-dirty", "18fcf4556bdf-dirty"),
        ("unknown", "unknown"),
    ],
)
def test_a_shortened_commit_keeps_the_mark_of_a_changed_tree(commit: str, short: str) -> None:
    assert shortened(commit) == short


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (
            "cpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n",
            "AMD EPYC (family 25, model 1)",
        ),
        ("model name\t: Neoverse: N1\n", "Neoverse: N1"),
    ],
)
def test_a_processor_is_named_with_its_generation(said: str, name: str, tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{said}\nprocessor\t: 1\nmodel name\t: another\n")
    assert processor(cpuinfo) == name
    cpuinfo.write_text("processor\t: 0\n")
    assert processor(cpuinfo) == processor(tmp_path / "none")
