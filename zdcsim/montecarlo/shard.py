"""A shard: some showers of a production, simulated in a process that does nothing else.

Geant4 has one run manager a process, for one calorimeter and one set of cuts; a process of its own
lets a worker of a long-lived cluster serve one production after the other, and a crash of Geant4
leaves the worker alive.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zdcsim.light import photo_electrons
from zdcsim.montecarlo import datasets
from zdcsim.montecarlo.datasets import DataKind
from zdcsim.montecarlo.finished import Light
from zdcsim.montecarlo.primary import primary_of
from zdcsim.montecarlo.production import Production, Shower, shower_seeds
from zdcsim.montecarlo.shootable import CannotSimulate
from zdcsim.montecarlo.standin import generate
from zdcsim.response import sparse


@dataclass(frozen=True)
class Shard:
    """Some showers.

    Arguments:
        production: What they belong to.
        tables: The kind of Geant4 data sets that it began with.
        pdg: PDG code of each primary, shape (K,).
        conditions: Of each primary, shape (K, 9).
        showers: Particle and copy of each, K of them; they fix the seeds.
    """

    production: Production
    tables: DataKind
    pdg: NDArray[np.int32]
    conditions: NDArray[np.float32]
    showers: list[Shower]


class Simulator:
    """Geant4 for one production; one in a process.

    It sends what Geant4 prints on the standard output nowhere.
    """

    def __init__(self, production: Production) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        datasets.use(production.geant4_data)
        from zdcsim.montecarlo.shower import Transporter

        self._production = production
        self._transporter: Any = Transporter(
            production.block, production.transport, production.grooves
        )

    def light(self, pdg: int, conditions: NDArray[np.float32], shower: Shower) -> Light:
        """Simulate one shower; conditions have shape (9,)."""
        production = self._production
        seed, rng = shower_seeds(production.seed, shower)
        primary = primary_of(pdg, conditions, production.calorimeter, production.source.machine)
        expected, seconds = self._transporter.shower(primary, seed)
        _, pixels, counts = sparse(photo_electrons.draw(expected, rng)[None])
        return Light(pixels, counts, seconds)


def simulated(shard: Shard) -> list[Light] | CannotSimulate:
    """The showers of a shard, simulated in a new process on this machine.

    Returns:
        Their light; or, for the cluster would try again what is raised, what Geant4 refuses.

    Raises:
        ValueError: If this machine lacks the official Geant4 data sets of the production.
        RuntimeError: If the process dies.
    """
    here = replace(shard, production=replace(shard.production, geant4_data=_tables_here(shard)))
    with tempfile.TemporaryDirectory() as folder:
        given, taken, said = (Path(folder) / name for name in ("shard", "light", "errors"))
        given.write_bytes(pickle.dumps(here))
        program = f"from {__name__} import main; main()"
        command = [sys.executable, "-c", program, str(given), str(taken)]
        # The open standard input tells the process that this one is alive.
        with (
            said.open("wb") as errors,
            subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors) as process,
        ):
            code = process.wait()
        if code:
            last = said.read_text(errors="replace").strip().splitlines()[-1:]
            raise RuntimeError(f"the process of a shard ended with code {code}: {' '.join(last)}")
        found: list[Light] | CannotSimulate = pickle.loads(taken.read_bytes())
    return found


def _tables_here(shard: Shard) -> Path:
    """The folder of the Geant4 data sets on the machine that simulates."""
    if shard.tables == "stand-in":
        return generate.ensure(datasets.stand_in_folder())
    folder = shard.production.geant4_data
    if not folder.is_dir():
        raise ValueError(
            f"{os.uname().nodename} has no folder {folder} with the official Geant4 data sets; "
            "put them where every worker sees them"
        )
    return folder


def _end_with_parent() -> None:
    """End at once when the parent is gone, even killed: nobody would take the light."""
    while os.read(0, 1):
        pass
    os._exit(1)


def main() -> None:
    """Simulate the shard in the file of the first argument, write its light to the second."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    given, taken = map(Path, sys.argv[1:])
    shard: Shard = pickle.loads(given.read_bytes())
    primaries = zip(shard.pdg, shard.conditions, shard.showers, strict=True)
    light: list[Light] | CannotSimulate
    try:
        simulator = Simulator(shard.production)
        light = [simulator.light(int(pdg), conditions, each) for pdg, conditions, each in primaries]
    except CannotSimulate as refused:
        light = refused
    taken.write_bytes(pickle.dumps(light))
    os._exit(0)  # Geant4's static destructors can crash an interpreter that ends normally
