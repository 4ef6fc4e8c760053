"""The two files of a benchmark that has rows: every number as JSON, and the table as Markdown."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from detcore.files import write_text


def write_rows(
    path: Path,
    record: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]],
    table: str,
) -> None:
    """Write both, and show the table.

    Arguments:
        path: Of the JSON; the table gets the ending .md.
        record: What holds for all rows.
        rows: The numbers, in order or by name.
        table: In Markdown, with its caption.
    """
    write_text(path, json.dumps({**record, "rows": rows}, indent=1) + "\n")
    write_text(path.with_suffix(".md"), table)
    print(table)
