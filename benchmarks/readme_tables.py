"""The tables of README as the result files have them.

python benchmarks/readme_tables.py

README shows some result files to the letter, each between a comment with its name and one that says
that it ends; what stands between is replaced by what the file holds now.
"""

import re
from pathlib import Path

from detcore.files import write_text

README = Path("README.md")
SHOWN = re.compile(r"<!-- (benchmarks/\S+\.md) -->\n(?:.*?\n)??<!-- end -->", re.DOTALL)


def table(found: re.Match[str]) -> str:
    """What README shows of one file."""
    name = found[1]
    return f"<!-- {name} -->\n{Path(name).read_text(encoding='utf-8').strip()}\n\n<!-- end -->"


def shown(text: str) -> str:
    """A text with its tables as the files have them, of which a new one stands there empty."""
    return SHOWN.sub(table, text)


if __name__ == "__main__":
    write_text(README, shown(README.read_text(encoding="utf-8")))
