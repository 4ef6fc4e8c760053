"""What a user of a file without collisions is told."""

from pathlib import Path

import typer

from detcore.run_folder import recorded
from pid.io.producer import NO_EVENTS


def warn_of_events(run: Path) -> None:
    """Say on the error stream if the tracks of a run could be split by track only."""
    if recorded(run)["data"]["provenance"].get("event") == NO_EVENTS:
        typer.echo(
            "warning: the file has no fIndexCollisions, so tracks of one collision may both train "
            "and test; judge on another file",
            err=True,
        )
