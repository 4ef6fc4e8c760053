"""Measure the coupling that makes our neutrons agree with ALICE's photo-electrons per TeV.

python benchmarks/light_yield.py --neutrons 48 --out benchmarks/results
"""

import argparse
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from detcore.files import write_text
from detcore.provenance import provenance
from zdcsim.geometry import ZN
from zdcsim.light import coupling
from zdcsim.montecarlo import datasets, production
from zdcsim.montecarlo.gun import Gun
from zdcsim.montecarlo.settings import Transport


def light_with_unit_coupling(folder: Path, neutrons: int, seed: int) -> list[float]:
    """Expected photo-electrons of neutrons of the calibration energy, at unit coupling."""
    datasets.use(folder)
    from zdcsim.montecarlo.shower import Transporter, primary_of

    gun = Gun("neutron", coupling.CALIBRATION_ENERGY_GEV, spread_cm=ZN.pitch / 2)
    shot = gun.primaries(neutrons, ZN, seed)
    transporter = Transporter(ZN, Transport())
    light = []
    for i in range(neutrons):
        engine, _ = production.shower_seeds(seed, (i, 0))
        expected, _ = transporter.shower(primary_of(2112, shot.conditions[i], ZN), engine)
        light.append(float(expected.sum()) / coupling.coupling(ZN))
    return light


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neutrons", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    folder = production.geant4_folder("auto")
    workers = os.cpu_count() or 1
    each = -(-arguments.neutrons // workers)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        jobs = [
            pool.submit(light_with_unit_coupling, folder, each, arguments.seed + k)
            for k in range(workers)
        ]
        light = np.concatenate([job.result() for job in jobs])
    per_tev = light / coupling.CALIBRATION_ENERGY_GEV * 1000
    error = per_tev.std(ddof=1) / np.sqrt(len(per_tev))
    target = coupling.ALICE_PHOTO_ELECTRONS_PER_TEV["ZN"]
    result = {
        "photo_electrons_per_tev_at_unit_coupling": round(float(per_tev.mean()), 1),
        "error": round(float(error), 1),
        "resolution": round(float(per_tev.std(ddof=1) / per_tev.mean()), 4),
        "neutrons": len(per_tev),
        "energy_gev": coupling.CALIBRATION_ENERGY_GEV,
        "coupling": round(float(target / per_tev.mean()), 4),
        "coupling_in_use": coupling.COUPLING["ZN"],
        "geant4_data": "stand-in" if (folder / datasets.STAND_IN_MARK).exists() else "official",
        **provenance("geant4-pybind", "numpy"),
    }
    print(json.dumps(result, indent=1))
    write_text(arguments.out / "light_yield.json", json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
