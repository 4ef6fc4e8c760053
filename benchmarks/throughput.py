"""What Geant4's cuts cost and change: seconds per TeV against light, width and Wasserstein.

Every setting showers the same primaries, in turn with the other settings, so that whatever else
the machine does disturbs all rows alike. The Wasserstein distance is between the distributions of
the photo-electrons of a shower; `rescaled` compares shapes alone, after a new coupling has made the
means equal. The floor is what two halves of the same distribution would give: the pooled showers of
both settings, dealt out at random many times.

python benchmarks/throughput.py --neutrons 100 --photons 24 --out benchmarks/results
"""

import argparse
import json
import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detcore.files import write_text
from detcore.provenance import provenance
from zdcsim.geometry import ZN
from zdcsim.light.coupling import calibration
from zdcsim.light.photo_electrons import expected_per_fibre
from zdcsim.montecarlo import datasets, production
from zdcsim.montecarlo.gun import Gun
from zdcsim.montecarlo.primary import primary_of
from zdcsim.montecarlo.settings import Transport
from zdcsim.wasserstein import w1

BASE = "O2"
SETTINGS = {
    BASE: Transport(),
    "O2, other seed": Transport(),
    "FTFP_BERT": Transport(physics_list="FTFP_BERT"),
    "FTFP_BERT, fibre cut off": Transport(physics_list="FTFP_BERT", fibre_cut_mev=0.0),
    "FTFP_BERT, fibre cut off, absorber production 0.3 mm": Transport(
        physics_list="FTFP_BERT", fibre_cut_mev=0.0, absorber_production_cut_mev=0.0
    ),
    "range factor 0.04": Transport(multiple_scattering_range_factor=0.04),
    "fibre cut off": Transport(fibre_cut_mev=0.0),
    "absorber production 0.3 mm": Transport(absorber_production_cut_mev=0.0),
    "absorber cut off": Transport(absorber_cut_mev=0.0),
    "absorber cut and production 2 MeV": Transport(
        absorber_cut_mev=2.0, absorber_production_cut_mev=2.0
    ),
    "neutrons from 1 MeV": Transport(neutron_cut_mev=1.0),
    "neutrons from 50 MeV": Transport(neutron_cut_mev=50.0),
    "50 ns": Transport(time_limit_ns=50.0),
}
OTHER_SEED = "O2, other seed"
SPECIES = ("neutron", "gamma")
PERMUTATIONS = 400
AT_ONCE = 2


@dataclass(frozen=True)
class Shower:
    """What is kept of one shower: CPU seconds, photo-electrons and width, mm."""

    seconds: float
    light: float
    width_mm: float


def serve(name: str, energy: float, primaries: int, folder: Path, pipe: Connection) -> None:
    """Shower what the pipe asks for, with one setting, until it asks for nothing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    datasets.use(folder)
    from zdcsim.montecarlo.shower import Transporter

    shot = {s: Gun(s, energy, spread_cm=ZN.pitch / 2).primaries(primaries, ZN, 1) for s in SPECIES}
    transporter = Transporter(ZN, SETTINGS[name])
    # Geant4 builds its tables with the first shower.
    transporter.steps(primary_of(22, shot["gamma"].conditions[0], ZN), 1)
    coupling = calibration(ZN, SETTINGS[BASE].physics("air")).coupling
    pipe.send("ready")
    while (asked := pipe.recv()) is not None:
        species, i = asked
        primary = primary_of(int(shot[species].pdg[i]), shot[species].conditions[i], ZN)
        engine, _ = production.shower_seeds(2 if name == OTHER_SEED else 1, (i, 0))
        start = time.process_time()
        # One coupling for all: what the setting does to the light must show.
        expected = expected_per_fibre(transporter.steps(primary, engine), ZN, coupling)
        seconds = time.process_time() - start
        pipe.send(Shower(seconds, float(expected.sum()), width_mm(expected)))
    os._exit(0)


def width_mm(expected: NDArray[np.float64]) -> float:
    """Root mean square distance of the light from its centre, along x; NaN without light."""
    across, total = expected.sum(axis=1), expected.sum()
    if total == 0:
        return float("nan")
    x = 10 * ZN.pitch * np.arange(ZN.nx)
    return float(np.sqrt(max((across @ x**2) / total - ((across @ x) / total) ** 2, 0.0)))


def measure(
    energy: float, wanted: dict[str, int], folder: Path
) -> dict[str, dict[str, list[Shower]]]:
    """Showers of every setting and species, two settings at a time."""
    spawn = multiprocessing.get_context("spawn")
    pipes, found = {}, {name: {s: list[Shower]() for s in SPECIES} for name in SETTINGS}
    for name in SETTINGS:
        pipes[name], theirs = spawn.Pipe()
        arguments = (name, energy, max(wanted.values()), folder, theirs)
        spawn.Process(target=serve, args=arguments, daemon=True).start()
        assert pipes[name].recv() == "ready"

    def ask(name: str, species: str, i: int) -> None:
        pipes[name].send((species, i))
        found[name][species].append(pipes[name].recv())

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for i in range(max(wanted.values())):
            for species in (s for s in SPECIES if i < wanted[s]):
                list(threads.map(ask, SETTINGS, [species] * len(SETTINGS), [i] * len(SETTINGS)))
    for pipe in pipes.values():
        pipe.send(None)
    return found


def compared(a: list[Shower], b: list[Shower], energy: float) -> dict[str, float]:
    """One setting (a) against the base (b), for one species."""
    light_a, light_b = (np.array([s.light for s in showers]) for showers in (a, b))
    width_a, width_b = (np.array([s.width_mm for s in showers]) for showers in (a, b))
    scale = light_b.mean() / light_a.mean()
    seconds = 1000 / energy * np.array([s.seconds for s in a])
    speed = [s.seconds for s in b]
    return {
        "seconds_per_tev": float(seconds.mean()),
        "speed_up": float(np.sum(speed) / np.sum([s.seconds for s in a])),
        "light_per_tev": float(1000 / energy * light_a.mean()),
        "light_change": float(1 / scale - 1),
        "light_change_error": relative_error(light_a, light_b),
        "resolution": float(light_a.std(ddof=1) / light_a.mean()),
        "width_mm": float(np.nanmean(width_a)),
        "width_change": float(np.nanmean(width_a) / np.nanmean(width_b) - 1),
        "width_change_error": relative_error(width_a, width_b),
        "w1": w1(light_a, light_b),
        "w1_rescaled": w1(scale * light_a, light_b),
        **{f"w1_floor_{k}": v for k, v in floor(light_a, light_b).items()},
        **{f"w1_rescaled_floor_{k}": v for k, v in floor(scale * light_a, light_b).items()},
    }


def relative_error(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Standard error of mean(a) / mean(b)."""
    parts = [np.nanstd(v, ddof=1) / np.sqrt(len(v)) / np.nanmean(v) for v in (a, b)]
    return float(np.nanmean(a) / np.nanmean(b) * np.hypot(*parts))


def floor(a: NDArray[np.float64], b: NDArray[np.float64]) -> dict[str, float]:
    """Mean and 95 per cent point of w1 when the showers are dealt out at random."""
    rng, pooled = np.random.default_rng(1), np.concatenate([a, b])
    dealt = [
        w1(mixed[: len(a)], mixed[len(a) :])
        for mixed in (rng.permutation(pooled) for _ in range(PERMUTATIONS))
    ]
    return {"mean": float(np.mean(dealt)), "95": float(np.quantile(dealt, 0.95))}


def as_markdown(result: dict[str, Any]) -> str:
    """The table of a result, for people."""
    lines = [
        "# Throughput of the ZN simulation against Geant4's cuts",
        "",
        f"{result['machine']}; commit {result['commit']}; Geant4 tables: {result['geant4_data']}; "
        f"{result['neutrons']} neutrons and {result['photons']} photons of "
        f"{result['energy_gev']:.0f} GeV, the same in every row. Made by "
        "`benchmarks/throughput.py`, which says what the columns are; W1 in photo-electrons, its "
        "floor (mean, 95 % point) in brackets.",
        "",
    ]
    for species in SPECIES:
        lines += [
            f"## {species}",
            "",
            "| setting | s/TeV | speed | light | width | resolution | W1 | W1 rescaled |",
            "|---|---|---|---|---|---|---|---|",
            *(row(name, found[species]) for name, found in result["settings"].items()),
            "",
        ]
    return "\n".join(lines)


def row(name: str, v: dict[str, float]) -> str:
    """One line of the table."""
    distances = [
        f"{v[w]:.2f} ({v[f'{w}_floor_mean']:.2f}, {v[f'{w}_floor_95']:.2f})"
        for w in ("w1", "w1_rescaled")
    ]
    return (
        f"| {name} | {v['seconds_per_tev']:.2f} | x {v['speed_up']:.2f} "
        f"| {100 * v['light_change']:+.1f} +- {100 * v['light_change_error']:.1f} % "
        f"| {100 * v['width_change']:+.1f} +- {100 * v['width_change_error']:.1f} % "
        f"| {100 * v['resolution']:.1f} % | {distances[0]} | {distances[1]} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neutrons", type=int, default=100)
    parser.add_argument("--photons", type=int, default=24)
    parser.add_argument("--energy", type=float, default=200.0, help="GeV")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    folder, start = production.geant4_folder("auto"), time.time()
    wanted = {"neutron": arguments.neutrons, "gamma": arguments.photons}
    found = measure(arguments.energy, wanted, folder)
    result = {
        **provenance("geant4-pybind", "numpy"),
        "geant4_data": datasets.kind(folder),
        "neutrons": arguments.neutrons,
        "photons": arguments.photons,
        "energy_gev": arguments.energy,
        "wall_seconds": round(time.time() - start),
        "settings": {
            name: {
                "transport": SETTINGS[name].record(),
                **{s: compared(found[name][s], found[BASE][s], arguments.energy) for s in SPECIES},
            }
            for name in SETTINGS
        },
    }
    write_text(arguments.out / "throughput.json", json.dumps(result, indent=1) + "\n")
    write_text(arguments.out / "throughput.md", as_markdown(result))
    print(as_markdown(result))


if __name__ == "__main__":
    main()
