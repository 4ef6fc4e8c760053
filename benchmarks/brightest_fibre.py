"""What ALICE's light tables make of our brightest showers.

python benchmarks/brightest_fibre.py FOLDER_OF_ALICE_TABLES --out benchmarks/results

The primary of the brightest fibre of a sample is showered again, and the light of the same Geant4
steps is computed by our model, at the middle of each step as in the simulation and at many points
of it inside the core, and by ALICE's tables, once with a table's value for every step, as ALICE
takes it (at the beginning of the step, O2 at its end), and once in proportion to the length of the
step. Each is scaled so that neutrons of the sample, showered
beside, give ALICE's photo-electrons per TeV; those with less than a twentieth of the median light,
which flew through a groove, do not count.
"""

import argparse
import json
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detcore.files import write_text
from detcore.provenance import provenance
from zdcsim.conditions import ENERGY
from zdcsim.geometry import ZN
from zdcsim.io import tree
from zdcsim.light import alice_tables, coupling
from zdcsim.light.divided import divided
from zdcsim.light.photo_electrons import Steps, expected_per_fibre
from zdcsim.montecarlo import datasets, production
from zdcsim.montecarlo.primary import primary_of
from zdcsim.montecarlo.settings import Transport

NEUTRON = 2112
NEUTRON_GEV = (2500.0, 3500.0)
TRANSPORT = Transport()
POINTS = 32
Light = Callable[[Steps], NDArray[np.float64]]


def models(folder: Path) -> dict[str, Light]:
    """Light per fibre of a shower's steps, before calibration, by name."""
    tables = alice_tables.read_tables(folder, ZN)
    scale = coupling.calibration(ZN, TRANSPORT.physics("air")).coupling
    return {
        "ours": lambda steps: expected_per_fibre(steps, ZN, scale),
        f"ours, {POINTS} points a step": lambda s: expected_per_fibre(
            divided(s, POINTS, ZN), ZN, scale
        ),
        "tables, per step": lambda s: alice_tables.expected_per_fibre(s, ZN, tables, "step"),
        "tables, per chord": lambda s: alice_tables.expected_per_fibre(s, ZN, tables, "chord"),
    }


def showered(
    folder: Path,
    neutrons: NDArray[np.float32],
    brightest: NDArray[np.float32],
    pdg: int,
    showers: int,
) -> dict[str, dict[str, list[float]]]:
    """Calibration, brightest fibre and photo-electrons of each shower, by light model."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    datasets.use(production.geant4_folder("stand-in"))
    from zdcsim.montecarlo.shower import Transporter

    transporter, lights = Transporter(ZN, TRANSPORT), models(folder)
    per_tev: dict[str, list[float]] = {name: [] for name in lights}
    for number, conditions in enumerate(neutrons):
        steps = transporter.steps(primary_of(NEUTRON, conditions, ZN), 500 + number)
        for name, light in lights.items():
            per_tev[name].append(float(light(steps).sum() / conditions[ENERGY] * 1000))
    found = {
        name: {"neutrons, photo-electrons per TeV": per_tev[name], "brightest": [], "sum": []}
        for name in lights
    }
    for number in range(showers):
        steps = transporter.steps(primary_of(pdg, brightest, ZN), 900 + number)
        for name, light in lights.items():
            ours = coupling.showered(np.array(per_tev[name])).mean()
            scaled = light(steps) * coupling.ALICE_PHOTO_ELECTRONS_PER_TEV["ZN"] / ours
            found[name]["brightest"].append(float(scaled.max()))
            found[name]["sum"].append(float(scaled.sum()))
    return found


def main() -> None:
    """Shower, compare, write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", type=Path, help="folder with light22620362207s to ...10s")
    parser.add_argument("--sample", type=Path, default=Path("data/zn_train.root"))
    parser.add_argument("--neutrons", type=int, default=10)
    parser.add_argument("--showers", type=int, default=8)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    sample = tree.read(arguments.sample)
    first = np.unique(sample.particle, return_index=True)[1]
    energy = sample.conditions[first, ENERGY]
    chosen = (sample.pdg[first] == NEUTRON) & (energy > NEUTRON_GEV[0]) & (energy < NEUTRON_GEV[1])
    brightest = int(np.argmax(sample.dense().max((1, 2))))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = pool.submit(
            showered,
            arguments.tables,
            sample.conditions[first[chosen]][: arguments.neutrons],
            sample.conditions[brightest],
            int(sample.pdg[brightest]),
            arguments.showers,
        ).result()
    record: dict[str, Any] = {
        **provenance("zdcsim", "numpy", "geant4-pybind"),
        "sample": str(arguments.sample),
        "pdg": int(sample.pdg[brightest]),
        "energy_gev": float(sample.conditions[brightest, ENERGY]),
        "brightest_in_the_sample": float(sample.dense()[brightest].max()),
        "geant4_data": "stand-in",
        "transport": TRANSPORT.record(),
        "light": found,
    }
    write_text(arguments.out / "brightest_fibre.json", json.dumps(record, indent=1) + "\n")
    for name, numbers in found.items():
        print(name, {key: (np.mean(v).round(1), np.max(v).round(1)) for key, v in numbers.items()})


if __name__ == "__main__":
    main()
