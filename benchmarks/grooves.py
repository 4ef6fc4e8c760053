"""What the air grooves around the fibres do: the same primaries, grooves filled and empty.

O2 puts every fibre into a square groove of air, 0.6 mm wide in the ZN and 0.8 mm in the ZP, as long
as the block. A particle that enters a groove flies along it until its slope takes it to the wall:
in the middle of the face through the whole block, farther out a part of the way. Each line of the
table is one gun, uniform over one fibre's cell; both fillings shower the same particles. Predicted
are those whose straight path, as models compute it, stays in the groove and outside the fibre.

python benchmarks/grooves.py --showers 60 --out benchmarks/results
"""

import argparse
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from detcore.files import write_text
from detcore.provenance import provenance, shortened
from zdcsim.geometry import calorimeter
from zdcsim.models.features import ParticleFeatures
from zdcsim.models.fibre_path import PATHS
from zdcsim.montecarlo import datasets, production
from zdcsim.montecarlo.gun import Gun
from zdcsim.montecarlo.primary import primary_of
from zdcsim.montecarlo.run import end_with_parent
from zdcsim.montecarlo.settings import Transport
from zdcsim.shower_physics import Grooves

TRANSPORT = Transport(physics_list="FTFP_BERT", fibre_cut_mev=0.0)
"""Not O2's: both fillings are calibrated with this one alone."""
SEED = 7


@dataclass(frozen=True)
class Shot:
    """A gun and its target; the place is in cm from the middle of the face, along x and y."""

    detector: str
    particle: str
    energy_gev: float
    place_cm: float


SHOTS = (
    Shot("ZN", "gamma", 300, 0.0),
    Shot("ZN", "gamma", 300, 1.76),
    Shot("ZN", "neutron", 300, 0.0),
    Shot("ZN", "neutron", 300, 1.76),
    Shot("ZP", "proton", 1000, 0.0),
)


def showered(shot: Shot, grooves: Grooves, showers: int, folder: Path) -> dict[str, Any]:
    """Light of one gun's showers with one filling, and what they cost."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    datasets.use(folder)
    from zdcsim.montecarlo.shower import Transporter

    detector = calorimeter(shot.detector)
    x = y = shot.place_cm
    gun = Gun(shot.particle, shot.energy_gev, x, y, spread_cm=detector.pitch / 2)
    shots = gun.primaries(showers, detector, SEED)
    transporter = Transporter(detector, TRANSPORT, grooves)
    made = []
    for i in range(showers):
        engine, _ = production.shower_seeds(SEED, (i, 0))
        primary = primary_of(int(shots.pdg[i]), shots.conditions[i], detector)
        made.append(transporter.shower(primary, engine))
    conditions = torch.from_numpy(shots.conditions)
    features, _ = ParticleFeatures(detector)(conditions)
    groove, fibre = features[:, -PATHS:].numpy().T
    light, seconds = np.array([light for light, _ in made]), [s for _, s in made]
    predicted = int(((groove == 1) & (fibre == 0)).sum()) if grooves == "air" else 0
    return {"predicted": predicted, **summary(light, seconds, shot.energy_gev)}


def summary(light: NDArray[np.float64], seconds: list[float], energy_gev: float) -> dict[str, Any]:
    """Numbers of showers whose expected photo-electrons are `light`, shape (N, Nx, Ny)."""
    total, tev = light.sum((1, 2)), energy_gev / 1000
    through = total < 0.05 * np.median(total)
    lit = total[~through]
    return {
        "showers": len(total),
        "flew_through": int(through.sum()),
        "per_tev": lit.mean() / tev,
        "per_tev_error": lit.std(ddof=1) / np.sqrt(len(lit)) / tev,
        "resolution": lit.std(ddof=1) / lit.mean(),
        "below_half": int((lit < 0.5 * np.median(total)).sum()),
        "brightest_share": float((light[~through].max((1, 2)) / lit).mean()),
        "brightest_share_largest": float((light[~through].max((1, 2)) / lit).max()),
        "seconds_per_tev": float(np.mean(seconds)) / tev,
    }


def as_markdown(result: dict[str, Any]) -> str:
    """The table, for people."""
    lines = [
        "| gun | grooves | flew through | predicted | below half | photo-electrons/TeV | "
        "resolution, % | brightest fibre, % (largest) | s/TeV |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        v = row["found"]
        lines.append(
            f"| {row['detector']}, {row['particle']} {row['energy_gev']:.0f} GeV at "
            f"{row['place_cm']} cm | {row['grooves']} | {v['flew_through']} of {v['showers']} | "
            f"{v['predicted']} | {v['below_half']} | "
            f"{v['per_tev']:.0f} ± {v['per_tev_error']:.0f} | {100 * v['resolution']:.1f} | "
            f"{100 * v['brightest_share']:.1f} ({100 * v['brightest_share_largest']:.1f}) | "
            f"{v['seconds_per_tev']:.2f} |"
        )
    return "\n".join(lines) + (
        "\n\nThe same primaries in both; flew through: less than a twentieth of the median light, "
        "left out of the columns that follow; each filling with its own calibration to ALICE's "
        f"light of 2.76 TeV nucleons. Geant4 with {result['geant4_data']} tables, "
        f"{result['machine']}, commit {shortened(result['commit'])}. Made by "
        "`python benchmarks/grooves.py`.\n"
    )


def main() -> None:
    """Shower, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--showers", type=int, default=60, help="of each gun")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    folder = production.geant4_folder("auto")
    jobs = [(shot, grooves) for shot in SHOTS for grooves in get_args(Grooves)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        options.workers, spawn, initializer=end_with_parent, max_tasks_per_child=1
    ) as pool:
        running = [pool.submit(showered, *job, options.showers, folder) for job in jobs]
        rows = [
            {**asdict(shot), "grooves": grooves, "found": job.result()}
            for (shot, grooves), job in zip(jobs, running, strict=True)
        ]
    result = {
        "geant4_data": datasets.kind(folder),
        "transport": TRANSPORT.record(),
        "rows": rows,
        **provenance("geant4-pybind", "numpy"),
    }
    write_text(options.out / "grooves.json", json.dumps(result, indent=1) + "\n")
    write_text(options.out / "grooves.md", as_markdown(result))
    print(as_markdown(result))


if __name__ == "__main__":
    main()
