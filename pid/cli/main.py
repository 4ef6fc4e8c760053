"""The `pid` command and its subcommands."""

import sys

from detcore.batch import command as batch
from detcore.command_line import program
from detcore.search import command as searching
from pid.cli.adapt import adapt
from pid.cli.evaluate import evaluate
from pid.cli.export import export
from pid.cli.models import models
from pid.cli.search import SEARCHED
from pid.cli.simulate import simulate
from pid.cli.submit import BATCH
from pid.cli.train import train

app = program(
    "pid",
    "Particle identification on incomplete tracks, from simulation to O2Physics.",
    (simulate, train, adapt, models, evaluate, export),
)
searching.add_to(app, SEARCHED)
batch.add_to(app, BATCH)


def main() -> None:
    """Entry point of the installed `pid` command."""
    sys.exit(app())
