"""The tables of README as the result files have them.

python benchmarks/readme_tables.py

README shows some result files to the letter, each after a comment with its name. What the last
commit has of a file is looked for there and replaced by what the file holds now.
"""

import re
import subprocess
from pathlib import Path

from detcore.files import write_text

README = Path("README.md")


def refreshed(text: str) -> str:
    """README with its tables of today.

    Raises:
        ValueError: If README does not show what the last commit has of a file.
    """
    for name in re.findall(r"<!-- (benchmarks/\S+\.md) -->\n", text):
        command = ["git", "show", f"HEAD:{name}"]
        before = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        now = Path(name).read_text(encoding="utf-8").strip()
        if before not in text and now not in text:
            raise ValueError(f"README does not show {name} as the last commit has it")
        text = text.replace(before, now)
    return text


if __name__ == "__main__":
    write_text(README, refreshed(README.read_text(encoding="utf-8")))
