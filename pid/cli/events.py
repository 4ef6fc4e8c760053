"""What a user of a file without collisions is told."""

import json
from pathlib import Path

import typer

from detcore.run_folder import PROVENANCE
from pid.io.producer import NO_EVENTS


def warn_of_events(run: Path) -> None:
    """Say on the error stream if the tracks of a run could be split by track only."""
    record = json.loads((run / PROVENANCE).read_text(encoding="utf-8"))
    if record["data"]["provenance"].get("event") == NO_EVENTS:
        typer.echo(
            "warning: the file has no fIndexCollisions, so tracks of one collision may both train "
            "and test; judge on another file",
            err=True,
        )
