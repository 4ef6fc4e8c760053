"""The `zdcsim` command and its subcommands."""

import sys

from detcore.batch import command as batch
from detcore.command_line import program
from detcore.search import command as searching
from zdcsim.cli.convert import convert
from zdcsim.cli.deploy import deploy
from zdcsim.cli.evaluate import evaluate
from zdcsim.cli.export import export
from zdcsim.cli.generate import generate
from zdcsim.cli.models import models
from zdcsim.cli.search import SEARCHED
from zdcsim.cli.simulate import simulate
from zdcsim.cli.submit import BATCH
from zdcsim.cli.train import train
from zdcsim.cli.validate import validate

EXAMPLES = """[bold]Examples[/bold], in the order of the work:

zdcsim simulate --particles 300 --copies 5 --out train.root

zdcsim validate train.root --html physics.html

zdcsim convert o2sim.root --kind o2sim --out train.h5

zdcsim train configs/zdcsim/sdi_gan_regressor.yaml --out runs/gan

zdcsim train configs/zdcsim/signal.yaml --out runs/signal

zdcsim search configs/search/shower_vae.yaml --out studies/gan

zdcsim export runs/gan --classifier runs/signal --out bundle

zdcsim models

zdcsim generate --model bundle --particles-from test.root --out fast.root

zdcsim evaluate --model bundle --reference test.root --html judged.html

zdcsim deploy --zn zn-distilled-latent-flow --zp zp-distilled-latent-flow --out zdc-o2

zdcsim submit --gpus 1 train configs/zdcsim/gan.yaml --out runs/gan
"""

app = program(
    "zdcsim",
    "Fast simulation of the ALICE Zero Degree Calorimeters, from Geant4 showers to O2.",
    (simulate, validate, convert, train, models, generate, evaluate, export, deploy),
    EXAMPLES,
)
searching.add_to(app, SEARCHED)
batch.add_to(app, BATCH)


def main() -> None:
    """Entry point of the installed `zdcsim` command."""
    sys.exit(app())
