"""Where charged particles arrive in the plane of the ZP: numbers and a plot.

Three samples: Sibyll proton-proton collisions at 14 TeV, spectators of lead-lead collisions, and
protons along the axis of every momentum, which show the dispersion that the dipole D1 makes.

python benchmarks/zp_impacts.py --events 6000 --lead-events 200 --out benchmarks/results
"""

import argparse
import itertools
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from detcore.files import replacing, write_text
from detcore.provenance import provenance
from zdcsim.conditions import CHARGE, ENERGY, MASS, PZ
from zdcsim.geometry import ZP
from zdcsim.montecarlo.collisions import BEAM_MOMENTUM_GEV, EVENTS_AT_ONCE, Collisions
from zdcsim.montecarlo.spectators import Spectators
from zdcsim.optics import Machine, total_momentum

PROTON_MASS_MEV = 938.272
SHOWN_CM = (-5.0, 45.0)


def proton_proton(events: int, seed: int) -> NDArray[np.float64]:
    """Conditions of the charged particles of Sibyll collisions."""
    batches = Collisions(optics="linear")._particles(seed)
    found = [c for _, c, _ in itertools.islice(batches, -(-events // EVENTS_AT_ONCE))]
    return charged(np.concatenate(found))


def lead_lead(events: int, seed: int) -> NDArray[np.float64]:
    """Conditions of free spectator protons."""
    rng, source = np.random.default_rng(seed), Spectators()
    return charged(np.concatenate([source.event(rng)[1] for _ in range(events)]))


def charged(conditions: NDArray[np.float64]) -> NDArray[np.float64]:
    """The charged particles."""
    chosen: NDArray[np.float64] = conditions[conditions[:, CHARGE] != 0]
    return chosen


def ladder() -> NDArray[np.float64]:
    """Protons along the axis, of a tenth of the beam's momentum to all of it."""
    fraction = np.linspace(0.1, 1.0, 901)
    conditions = np.zeros((len(fraction), 9))
    conditions[:, PZ] = BEAM_MOMENTUM_GEV * fraction
    conditions[:, MASS], conditions[:, CHARGE] = PROTON_MASS_MEV, 3
    conditions[:, ENERGY] = np.hypot(conditions[:, PZ], PROTON_MASS_MEV / 1000)
    return conditions


def numbers(conditions: NDArray[np.float64], machine: Machine) -> dict[str, float]:
    """How many pass the apertures and land on the face, and with what part of the beam momentum."""
    at, free = machine.carried(conditions, ZP)
    on = free & ZP.contains(at[:, 0], at[:, 2])
    fraction = total_momentum(conditions) / machine.beam_momentum_gev
    low, high = np.quantile(fraction[on], [0.01, 0.99])
    return {
        "particles": len(conditions),
        "pass_the_apertures": float(free.mean()),
        "on_the_face": float(on.mean()),
        "momentum_fraction_1_percent": float(low),
        "momentum_fraction_99_percent": float(high),
        "mean_x_cm": float(at[on, 0].mean()),
        "rms_x_cm": float(at[on, 0].std()),
        "rms_y_cm": float(at[on, 2].std()),
    }


def draw(axis: Axes, conditions: NDArray[np.float64], machine: Machine, title: str) -> None:
    """Impact points of one sample, coloured by momentum, with the face around them."""
    at, free = machine.carried(conditions, ZP)
    fraction = total_momentum(conditions) / machine.beam_momentum_gev
    points = axis.scatter(
        at[free, 0], at[free, 2], c=fraction[free], s=3, cmap="viridis", vmin=0, vmax=1
    )
    face = (ZP.centre_x - ZP.half_x, -ZP.half_y), 2 * ZP.half_x, 2 * ZP.half_y
    axis.add_patch(Rectangle(*face, fill=False, color="C3", lw=1.5))
    axis.axvline(0, color="0.7", lw=0.8)
    axis.set(title=title, xlim=SHOWN_CM, ylim=(-12, 12), ylabel="y (cm)")
    plt.colorbar(points, ax=axis, label="p / (charge x beam)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=6000, help="pp collisions")
    parser.add_argument("--lead-events", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:  # Sibyll wants a process of its own
        pp = pool.submit(proton_proton, arguments.events, arguments.seed).result()
    samples = {
        "pp at 14 TeV, charged": (pp, Machine(BEAM_MOMENTUM_GEV)),
        "Pb-Pb, spectator protons": (
            lead_lead(arguments.lead_events, arguments.seed),
            Spectators().machine,
        ),
        "protons along the axis": (ladder(), Machine(BEAM_MOMENTUM_GEV)),
    }
    figure, axes = plt.subplots(3, 1, figsize=(8, 10), sharex=True, layout="constrained")
    for axis, (title, (conditions, machine)) in zip(axes, samples.items(), strict=True):
        draw(axis, conditions, machine, title)
    axes[-1].set_xlabel("x (cm)")
    with replacing(arguments.out / "zp_impacts.png") as partial:
        figure.savefig(partial, format="png", dpi=80)
    result = {title: numbers(*sample) for title, sample in samples.items()}
    print(json.dumps(result, indent=1))
    record = {**provenance("chromo", "numpy", "matplotlib"), "samples": result}
    write_text(arguments.out / "zp_impacts.json", json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
