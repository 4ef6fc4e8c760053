"""Which particles does each expert of a trained ExpertSim take?

python benchmarks/expert_specialisation.py --run runs/expertsim --name expertsim

Routes the particles of the test sample and writes what each expert got, with the Monte Carlo's
photon sums, to benchmarks/results/NAME_specialisation.json and a figure beside it.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from figure_file import write_png
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from detcore.files import write_text
from detcore.provenance import provenance
from detcore.run_folder import PROVENANCE
from zdcsim.conditions import ENERGY
from zdcsim.evaluation.plots import style
from zdcsim.evaluation.specialisation import Specialisation, specialisation
from zdcsim.io import tree
from zdcsim.models.expertsim import ExpertSimGenerator
from zdcsim.response import Responses
from zdcsim.training import load_generator
from zdcsim.validation.groups import impacts

COLOURS = ("#0b5fa5", "#c8102e", "#2a8c4a", "#e08a00", "#6a3d9a", "#555555")
SPECIES = 5


def drawn(
    sample: Responses, chosen: NDArray[np.integer], experts: list[Specialisation], title: str
) -> Figure:
    """Energy, photon sum, impact point and species of every expert's particles."""
    figure = Figure(figsize=(13.0, 3.9), layout="constrained")
    axes = figure.subplots(1, 4)
    light = sample.photon_sum()
    for axis, values, label in (
        (axes[0], sample.conditions[:, ENERGY], "energy [GeV]"),
        (axes[1], light[light > 0], "photon sum [photo-electrons]"),
    ):
        which = chosen if len(values) == len(chosen) else chosen[light > 0]
        stacked(axis, values, which, len(experts), label)
    x, y = impacts(sample).T
    for k in range(len(experts)):
        mine = chosen == k
        axes[2].scatter(x[mine], y[mine], s=9, color=COLOURS[k], linewidths=0)
    axes[2].set(xlabel="impact x [cm]", ylabel="impact y [cm]", aspect="equal")
    shares(axes[3], experts)
    figure.suptitle(title, fontsize=11)
    return figure


def stacked(
    axis: Axes, values: NDArray[np.number], chosen: NDArray[np.integer], experts: int, label: str
) -> None:
    """Histogram in logarithmic bins, one colour an expert."""
    edges = np.geomspace(max(values.min(), 1e-3), values.max() * 1.001, 25)
    parts = [values[chosen == k] for k in range(experts)]
    axis.hist(parts, edges.tolist(), stacked=True, color=COLOURS[:experts])
    axis.set(xscale="log", xlabel=label, ylabel="responses")


def shares(axis: Axes, experts: list[Specialisation]) -> None:
    """Species of every expert, stacked to its share of all responses."""
    names: dict[str, float] = {}
    for each in experts:
        for name, share in each.species.items():
            names[name] = names.get(name, 0.0) + share * each.share
    common = sorted(names, key=lambda name: -names[name])[:SPECIES]
    wide = 0.8 / len(experts)
    for k, each in enumerate(experts):
        rest = 1 - sum(each.species.get(name, 0.0) for name in common) if each.species else 0.0
        heights = [each.share * each.species.get(name, 0.0) for name in common]
        places = np.arange(len(common) + 1) + (k - (len(experts) - 1) / 2) * wide
        label = f"expert {k}: {100 * each.share:.0f} %"
        axis.bar(places, [*heights, each.share * rest], wide, color=COLOURS[k], label=label)
    axis.set_xticks(range(len(common) + 1), [*common, "other"], rotation=30)
    axis.minorticks_off()
    axis.set_ylabel("share of all responses")
    axis.legend(fontsize=9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="run folder of an ExpertSim")
    parser.add_argument("--reference", type=Path, default=Path("data/zn_test.root"))
    parser.add_argument("--name", default="expertsim")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    generator, sample = load_generator(options.run), tree.read(options.reference)
    if not isinstance(generator, ExpertSimGenerator):
        raise SystemExit(f"{options.run} holds no ExpertSim")
    with torch.no_grad():
        scaled = generator.scaler(torch.from_numpy(sample.conditions))
        chosen = generator.chosen(scaled).numpy()
    experts = specialisation(sample, chosen, len(generator.experts), impacts(sample))
    tables = sample.provenance.get("geant4_data", "not stated")
    training = json.loads((options.run / PROVENANCE).read_text())
    record = {
        **provenance("zdcsim", "torch", "numpy"),
        "sample": {"file": options.reference.name, "responses": len(sample)},
        "physics_tables": tables,
        "trained_at": training["commit"],
        "settings": training["settings"],
        "experts": [asdict(each) for each in experts],
    }
    stem = options.out / f"{options.name}_specialisation"
    write_text(stem.with_suffix(".json"), json.dumps(record, indent=1) + "\n")
    title = f"{options.reference.name}, {len(sample)} responses, Geant4 with {tables} tables"
    with style():
        write_png(stem.with_suffix(".png"), drawn(sample, chosen, experts, title), dpi=80)
    print(json.dumps(record["experts"], indent=1))


if __name__ == "__main__":
    main()
