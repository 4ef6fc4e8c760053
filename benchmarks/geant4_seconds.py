"""CPU seconds of a Geant4 shower on this machine, beside those of a graph of fixed size.

python benchmarks/geant4_seconds.py --detector zn --showers 40

The file of a sample states the CPU seconds of every shower, but of the machines that made it, which
differ threefold. Here new showers of its particles are made on one, each between two measurements
of the yardstick of the generators' times, so that Geant4 and they can be divided. The particles are
taken evenly along their order by the seconds that the file states, so that few stand for all.
Writes benchmarks/results/geant4_seconds_zn.json.
"""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from yardstick import Yardstick

from detcore.files import write_text
from detcore.provenance import provenance
from zdcsim.io import tree
from zdcsim.montecarlo import datasets, production
from zdcsim.montecarlo.library import machine_of
from zdcsim.montecarlo.primary import primary_of
from zdcsim.montecarlo.settings import Transport
from zdcsim.response import Responses

SEED = 3


def chosen(sample: Responses, showers: int) -> NDArray[np.int64]:
    """First rows of particles spread evenly over the particles by their mean stated seconds."""
    _, first, index = np.unique(sample.particle, return_index=True, return_inverse=True)
    mean = np.bincount(index, sample.cpu_seconds) / np.bincount(index)
    places = (np.arange(showers) + 0.5) / showers * len(first)
    rows: NDArray[np.int64] = first[np.argsort(mean)[places.astype(int)]]
    return rows


def timed(sample: Responses, rows: NDArray[np.int64]) -> Iterator[tuple[float, float]]:
    """CPU seconds of a shower of each row, and how many yardsticks they are."""
    from zdcsim.montecarlo.shower import Transporter

    face, machine = sample.calorimeter, machine_of(sample)
    transporter, yardstick = Transporter(face, Transport()), Yardstick()

    def shower(row: int) -> float:
        primary = primary_of(int(sample.pdg[row]), sample.conditions[row], face, machine)
        engine, _ = production.shower_seeds(SEED, (row, 0))
        return transporter.shower(primary, engine)[1]

    shower(int(rows[0]))  # Geant4 builds its tables with the first shower
    for row in rows:
        before = yardstick.seconds()
        seconds = shower(int(row))
        yield seconds, 2 * seconds / (before + yardstick.seconds())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", choices=("zn", "zp"), default="zn")
    parser.add_argument("--showers", type=int, default=40)
    parser.add_argument("--reference", type=Path, help="default: data/zn_test.root, zp_test.root")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    sample = tree.read(options.reference or Path(f"data/{options.detector}_test.root"))
    tables = datasets.use(production.geant4_folder("auto"))
    rows = chosen(sample, options.showers)
    seconds, over = np.array(list(timed(sample, rows))).T
    found: dict[str, Any] = {
        "detector": options.detector.upper(),
        "mean": seconds.mean(),
        "over_yardstick": over.mean(),
        "showers": len(rows),
        "stated_of_the_same_particles": float(sample.cpu_seconds[rows].mean()),
        "stated_of_all": float(sample.cpu_seconds.mean()),
        "geant4_data": tables,
        **provenance("numpy", "onnxruntime", "geant4-pybind"),
    }
    text = json.dumps(found, indent=1)
    write_text(options.out / f"geant4_seconds_{options.detector}.json", text + "\n")
    os.write(2, f"{text}\n".encode())
    os._exit(0)  # Geant4 may crash while Python takes it down


if __name__ == "__main__":
    main()
