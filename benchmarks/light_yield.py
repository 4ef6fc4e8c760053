"""Measure the coupling that makes our nucleons agree with ALICE's photo-electrons per TeV.

Neutrons for the ZN, protons for the ZP, of the energy that ALICE's constants were made for, at the
middle of the face and uniform over one fibre's cell. Nucleons with less than a twentieth of the
median light, which flew through a groove, are counted and left out.

python benchmarks/light_yield.py --detector zn --nucleons 120 --out benchmarks/results
"""

import argparse
import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from detcore.files import write_text
from detcore.provenance import provenance
from zdcsim.geometry import calorimeter
from zdcsim.light import coupling
from zdcsim.light.photo_electrons import expected_per_fibre
from zdcsim.montecarlo import datasets, production
from zdcsim.montecarlo.gun import Gun
from zdcsim.montecarlo.primary import primary_of
from zdcsim.montecarlo.run import end_with_parent
from zdcsim.montecarlo.settings import Transport
from zdcsim.shower_physics import Grooves, PhysicsList

O2 = Transport()
NUCLEON = {"ZN": "neutron", "ZP": "proton"}


STREAMS = 2
"""Nucleons come from this many seeds in turn: those of the results that two workers made."""


def shots(seed: int, nucleons: int) -> list[tuple[int, int]]:
    """Seed of each nucleon, and its index among those of that seed; more begin with the same."""
    return [(seed + k % STREAMS, k // STREAMS) for k in range(nucleons)]


def light_with_unit_coupling(
    name: str, folder: Path, shots: list[tuple[int, int]], transport: Transport, grooves: Grooves
) -> list[tuple[float, float]]:
    """Expected photo-electrons and CPU seconds of nucleons of the calibration energy."""
    datasets.use(folder)
    from zdcsim.montecarlo.shower import Transporter

    detector = calorimeter(name)
    gun = Gun(NUCLEON[name], coupling.CALIBRATION_ENERGY_GEV, spread_cm=detector.pitch / 2)
    transporter = Transporter(detector, transport, grooves)
    most = 1 + max(i for _, i in shots)
    primaries = {seed: gun.primaries(most, detector, seed) for seed in {seed for seed, _ in shots}}
    light = []
    for seed, i in shots:
        shot = primaries[seed]
        engine, _ = production.shower_seeds(seed, (i, 0))
        start = time.process_time()
        primary = primary_of(int(shot.pdg[i]), shot.conditions[i], detector)
        expected = expected_per_fibre(transporter.steps(primary, engine), detector, 1.0)
        light.append((float(expected.sum()), time.process_time() - start))
    return light


def measured(
    name: str, folder: Path, transport: Transport, options: argparse.Namespace
) -> NDArray[np.float64]:
    """Light and seconds of all nucleons, shape (2, N), which do not depend on the workers."""
    wanted = shots(options.seed, options.nucleons)
    workers = min(options.workers, len(wanted))
    spawn, found = multiprocessing.get_context("spawn"), np.empty((len(wanted), 2))
    with ProcessPoolExecutor(workers, spawn, initializer=end_with_parent) as pool:
        shares = [
            pool.submit(
                light_with_unit_coupling, name, folder, wanted[k::workers], transport,
                options.grooves,
            )
            for k in range(workers)
        ]  # fmt: skip
        for k, share in enumerate(shares):
            found[k::workers] = share.result()
    return found.T


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", choices=("zn", "zp"), default="zn")
    parser.add_argument("--nucleons", type=int, default=48)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--physics-list", choices=get_args(PhysicsList), default=O2.physics_list)
    parser.add_argument("--fibre-cut", type=float, default=O2.fibre_cut_mev, help="MeV")
    parser.add_argument(
        "--absorber-production-cut", type=float, default=O2.absorber_production_cut_mev, help="MeV"
    )
    parser.add_argument("--grooves", choices=("air", "filled"), default="air")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    name, folder = arguments.detector.upper(), production.geant4_folder("auto")
    transport = Transport(
        physics_list=arguments.physics_list,
        fibre_cut_mev=arguments.fibre_cut,
        absorber_production_cut_mev=arguments.absorber_production_cut,
    )
    light, seconds = measured(name, folder, transport, arguments)
    all_per_tev = light / coupling.CALIBRATION_ENERGY_GEV * 1000
    per_tev = coupling.showered(all_per_tev)
    error = per_tev.std(ddof=1) / np.sqrt(len(per_tev))
    target = coupling.ALICE_PHOTO_ELECTRONS_PER_TEV[name]
    result = {
        "calorimeter": name,
        "particle": NUCLEON[name],
        "photo_electrons_per_tev_at_unit_coupling": round(float(per_tev.mean()), 1),
        "error": round(float(error), 1),
        "resolution": round(float(per_tev.std(ddof=1) / per_tev.mean()), 4),
        "grooves": arguments.grooves,
        "nucleons": len(all_per_tev),
        "flew_through": len(all_per_tev) - len(per_tev),
        "mean_with_those": round(float(all_per_tev.mean()), 1),
        "energy_gev": coupling.CALIBRATION_ENERGY_GEV,
        "cpu_seconds_per_tev": round(
            float(seconds.mean()) / coupling.CALIBRATION_ENERGY_GEV * 1000, 2
        ),
        "coupling": round(float(target / per_tev.mean()), 4),
        "relative_error": round(float(error / per_tev.mean()), 4),
        "in_use": {
            f"{name}, {physics}": asdict(used)
            for (name, physics), used in coupling.CALIBRATION.items()
        },
        "transport": transport.record(),
        "geant4_data": datasets.kind(folder),
        **provenance("geant4-pybind", "numpy"),
    }
    print(json.dumps(result, indent=1))
    choices = f"{name}_{arguments.grooves}_{arguments.physics_list}".lower()
    write_text(arguments.out / f"light_yield_{choices}.json", json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
