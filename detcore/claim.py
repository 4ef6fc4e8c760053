"""A folder of unfinished work, taken up again only by the same work."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from detcore.files import PARTIAL, write_text

RECORD: Final = "production.json"
MAY_DIFFER: Final = frozenset({"created", "machine", "versions"})
"""What work that goes on may record otherwise than when it was started."""


def claim(folder: Path, record: Mapping[str, Any]) -> str:
    """Start the folder, or take it up; returns when it was started.

    Several processes may do so at once: what each writes is the same but for the time.

    Arguments:
        folder: Where finished parts are kept.
        record: Everything that determines the result, with `created`.

    Raises:
        ValueError: If it holds work with another record, or without one.
    """
    path = folder / RECORD
    # What is there is listed before the record is looked for, which comes first: another process
    # may write it, and its first part, in between.
    there = [each for each in folder.glob("*") if each.suffix != PARTIAL]
    if not path.exists():
        if there:
            raise ValueError(
                f"{folder} holds parts of an unfinished production, but no {RECORD} "
                "that says which; delete it, or choose another --out"
            )
        write_text(path, json.dumps(record, indent=1))
        return str(record["created"])
    started, now = json.loads(path.read_text(encoding="utf-8")), json.loads(json.dumps(record))
    differs = sorted(k for k in set(record) - MAY_DIFFER if started.get(k) != now[k])
    if differs:
        raise ValueError(
            f"{folder} holds an unfinished production with another {', '.join(differs)}; "
            f"finish it with the settings in its {RECORD}, choose another --out, or delete it"
        )
    return str(started["created"])
