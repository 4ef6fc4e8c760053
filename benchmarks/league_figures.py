"""Figures of the league: fidelity against time, and all families' responses to some particles.

python benchmarks/league_figures.py --detector zn --runs runs/league

Reads benchmarks/results/league_zn.json and, for the gallery, the bundle of every family's first
seed in RUNS/FAMILY-SEED/bundle or in data/. Writes league_zn_time.png and league_zn_gallery.png
beside the table; the gallery stays as it is where a bundle is missing.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import timing
from figure_file import write_png
from league_table import geant4_milliseconds, milliseconds
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter
from numpy.typing import NDArray
from trained import verdict
from zoo import DATA, zoo_name

from detcore.bundle import MANIFEST
from zdcsim.conditions import ENERGY
from zdcsim.evaluation.plots import MONTE_CARLO, style
from zdcsim.evaluation.specialisation import species_name
from zdcsim.generation import generate
from zdcsim.io import tree
from zdcsim.response import Responses

MARKERS = "osD^vP*Xh<>pd"
COLOURS = ("#c8102e", "#0b5fa5", "#2a8c4a", "#e08a00", "#6a3d9a", "#555555", "#00838f")
PARTICLES = 5
Row = dict[str, Any]


def against_time(league: Row) -> Figure:
    """Distance over its floor and AUC, against CPU time at batch 1; Geant4 at the far right."""
    figure = Figure(figsize=(10.5, 4.4), layout="constrained")
    axes = figure.subplots(1, 2)
    geant4 = geant4_milliseconds(league)
    for k, row in enumerate(sorted(league["rows"], key=lambda row: row["numbers"]["W"]["mean"])):
        time = milliseconds(row, league, timing.batch(1))
        look = {
            "color": COLOURS[k % len(COLOURS)],
            "marker": MARKERS[k % len(MARKERS)],
            "label": row["family"].replace("_", " "),
        }
        point(axes[0], time, row["numbers"]["W"], look)
        point(axes[1], time, row["numbers"]["auc"], look)
    for axis, level in ((axes[0], 1.0), (axes[1], 0.5)):
        axis.axhline(level, color=MONTE_CARLO, linewidth=1, linestyle=":")
        axis.plot(geant4, level, "*", color=MONTE_CARLO, markersize=12, label="Geant4")
        axis.set(xscale="log", xlabel="CPU ms a response, batch 1")
    axes[0].set(yscale="log", ylabel="W / Monte Carlo floor")
    for which in ("major", "minor"):
        getattr(axes[0].yaxis, f"set_{which}_formatter")(FormatStrFormatter("%g"))
    axes[1].set_ylabel("AUC, features (0.5: not told apart)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=9)
    return figure


def point(axis: Axes, time: float, number: Row | None, look: dict[str, Any]) -> None:
    """Mean over seeds, with their spread."""
    if number is not None:
        spread = number["spread"]
        axis.errorbar(time, number["mean"], spread, linestyle="", capsize=3, **look)


def gallery(
    sample: Responses, made: dict[str, NDArray[np.int32]], rows: NDArray[np.int64]
) -> Figure:
    """One line a family, the Monte Carlo first; one column a particle, one common scale."""
    nx, ny = sample.calorimeter.shape
    figure = Figure(figsize=(1.5 * len(rows) + 1.6, 1.24 * len(made) * ny / nx + 0.4))
    axes = figure.subplots(len(made), len(rows), squeeze=False)
    scale = LogNorm(1, max(float(made["Geant4"].max()), 2.0))
    for line, (name, images) in zip(axes, made.items(), strict=True):
        for axis, image in zip(line, images, strict=True):
            axis.set_xticks([])
            axis.set_yticks([])
            axis.minorticks_off()
            dark = np.ma.masked_less(image.T, 0.5)
            drawn = axis.imshow(dark, norm=scale, origin="lower", interpolation="nearest")
        line[0].set_ylabel(name.replace("_", "\n"), rotation=0, ha="right", va="center", fontsize=9)
    for axis, row in zip(axes[0], rows, strict=True):
        energy, name = sample.conditions[row, ENERGY], species_name(int(sample.pdg[row]))
        axis.set_title(f"{name}, {energy:.0f} GeV", fontsize=9)
    high = figure.get_size_inches()[1]
    figure.subplots_adjust(0.2, 0.02, 0.86, 1 - 0.35 / high, 0.05, 0.05)
    figure.colorbar(drawn, ax=axes, fraction=0.03, pad=0.02).set_label("photo-electrons per fibre")
    return figure


def chosen_rows(sample: Responses) -> NDArray[np.int64]:
    """First copies of particles spread over the mean photon sums."""
    particles, first, index = np.unique(sample.particle, return_index=True, return_inverse=True)
    mean = np.bincount(index, sample.photon_sum()) / np.bincount(index)
    at = np.round(np.linspace(0.25, 1.0, PARTICLES) * (len(particles) - 1)).astype(int)
    rows: NDArray[np.int64] = first[np.argsort(mean)[at]]
    return rows


def bundle_of(row: Row, runs: Path, detector: str) -> Path:
    """Where a family's first seed was exported, or the bundle of the zoo if that is gone."""
    of_league = verdict(runs, row["family"], row["trained_seeds"][0]).parent / "bundle"
    return of_league if of_league.exists() else DATA / zoo_name(row["family"], detector)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", choices=("zn", "zp"), default="zn")
    parser.add_argument("--runs", type=Path, default=Path("runs/league"))
    parser.add_argument("--reference", type=Path, help="default: data/zn_test.root, zp_test.root")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    stem = options.out / f"league_{options.detector}"
    league = json.loads(stem.with_suffix(".json").read_text())
    sample = tree.read(options.reference or Path(f"data/{options.detector}_test.root"))
    rows = chosen_rows(sample)
    ranked = sorted(league["rows"], key=lambda row: row["numbers"]["W"]["mean"])
    bundles = {row["family"]: bundle_of(row, options.runs, options.detector) for row in ranked}
    with style():
        write_png(stem.with_name(f"{stem.name}_time.png"), against_time(league))
        missing = [name for name, bundle in bundles.items() if not (bundle / MANIFEST).exists()]
        if missing:
            print(f"no gallery without bundles of {', '.join(missing)} in {options.runs} or data")
            return
        made = {"Geant4": sample.dense(rows).astype(np.int32)}
        for name, bundle in bundles.items():
            made[name] = generate(bundle, sample.conditions[rows], seed=1)
        write_png(stem.with_name(f"{stem.name}_gallery.png"), gallery(sample, made, rows), dpi=80)


if __name__ == "__main__":
    main()
