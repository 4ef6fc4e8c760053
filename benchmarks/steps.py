"""Steps against fidelity and time: what diffusion and flow matching give for each evaluation.

python benchmarks/steps.py --runs runs/league --families flow_matching diffusion --seed 1

Takes the trained generators of a league (RUNS/FAMILY-SEED/run) as they are, follows each from noise
to response in 1, 2, 4, ... steps, exports a bundle for every number of steps, and judges it on the
test sample. A flow is followed by Heun's method and by Euler's, which evaluates the network half as
often. Writes benchmarks/results/steps.json, steps.md and steps.png; what is there of the same
weights and sample is not repeated, but for the seconds with --times.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import timing
from figure_file import write_png
from judged_bundle import auc, cost, exported, numbers
from league_table import digits, milliseconds, written_clock
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from result_files import write_rows
from trained import classifier, run_of

from detcore import checkpoint
from detcore.files import sha256, write_text
from detcore.provenance import provenance, shortened
from detcore.run_folder import PROVENANCE
from zdcsim.evaluation.plots import style
from zdcsim.io import tree
from zdcsim.models.generator import Generator
from zdcsim.models.sampler import followed, sampler
from zdcsim.response import Responses
from zdcsim.training import load_generator

STEPS = (1, 2, 4, 8, 16, 32, 64)
TIMED = {1: 20, 100: 10}
"""Batch sizes, and every how many responses of the sample are timed."""

COLOURS = ("#c8102e", "#e08a00", "#0b5fa5", "#2a8c4a", "#6a3d9a", "#555555")
Row = dict[str, Any]


def variants(generator: Generator) -> dict[str, Generator]:
    """The generator, once for each integrator that it has."""
    known = sampler(generator)
    if known is None or known["method"] == "ddim":
        return {"DDIM": generator}
    return {
        "Heun": followed(generator, integrator="heun"),
        "Euler": followed(generator, integrator="euler"),
    }


def judged(
    generator: Generator, signal: Path, sample: Responses, repetitions: int, known: Row | None
) -> Row:
    """Time of a generator as it stands, with distance and likeness unless they are known."""
    with exported(generator, signal) as bundle:
        found = numbers(bundle, sample, repetitions) if known is None else known
        return {**found, **cost(bundle, sample, TIMED)}


def family(
    options: argparse.Namespace, name: str, signal: Path, sample: Responses, known: list[Row]
) -> Iterator[Row]:
    """Every number of steps of one trained family that is not known from before, or to time."""
    run = run_of(options.runs, name, options.seed)
    same = {"weights": sha256(run / checkpoint.BEST), "sample": sha256(options.reference)}
    trained_at = json.loads((run / PROVENANCE).read_text())["commit"]
    for method, generator in variants(load_generator(run)).items():
        for steps in options.steps:
            key = {"family": name, "sampler": method, "steps": steps, **same}
            before = next((row for row in known if key.items() <= row.items()), None)
            if before is not None and not options.times:
                continue
            if method == "Euler" and steps == 1:
                continue  # the same as Heun's single step
            taken = followed(generator, steps)
            row = judged(taken, signal, sample, options.repetitions, before)
            evaluations = (sampler(taken) or {})["evaluations"]
            about = {"evaluations": evaluations, "trained_at": trained_at}
            print(name, method, steps, row["over_floor"]["W"], row["auc"], flush=True)
            yield {**row, **key, **about}


def replaced(rows: list[Row], row: Row) -> list[Row]:
    """The rows with this one in place of its predecessor, in order."""
    names = ("family", "sampler", "steps")
    kept = [other for other in rows if any(other[name] != row[name] for name in names)]
    return sorted([*kept, row], key=lambda row: tuple(row[name] for name in names))


def markdown(rows: list[Row], record: Row) -> str:
    """The table."""
    headings = ["family", "sampler", "steps", "evaluations", "W / floor", "AUC", "ms, batch 1"]
    headings += ["ms, batch 100", "kB"]
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    for row in rows:
        distance, auc = row["over_floor"]["W"], row["auc"]
        cells = [row["family"], row["sampler"], str(row["steps"]), str(row["evaluations"])]
        cells += [
            f"{distance['ratio']:.2f} ± {distance['spread']:.2f}",
            f"{auc['mean']:.3f} ± {auc['spread']:.3f}",
            *(digits(milliseconds(row, record, timing.batch(size))) for size in TIMED),
            f"{row['onnx_kb']:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", record["caption"]]) + "\n"


def caption(rows: list[Row], sample: Responses, record: Row, options: argparse.Namespace) -> str:
    """What the table is."""
    floor = record["auc_floor"]
    commits = sorted({shortened(str(row["trained_at"])) for row in rows})
    return (
        f"{len(sample)} Monte Carlo responses of {record['particles']} particles, Geant4 with "
        f"{record['tables']} tables; the networks of seed {options.seed} as they were trained. W: "
        "mean Wasserstein distance of the five channel sums (O2) over the Monte Carlo's own floor "
        "at the same sample size, ± over divisions into halves. AUC of a classifier on features "
        f"and conditions; Monte Carlo against itself {floor['mean']:.3f} ± {floor['spread']:.3f}. "
        "CPU time of a response, all included, ONNX Runtime, one thread, in units of a graph timed "
        f"before and after, times its seconds on {record['clock']['machine']}. "
        f"Trained at commit {', '.join(commits)}, {record['machine']}. Made by "
        "`python benchmarks/steps.py`."
    )


def drawn(rows: list[Row], record: Row) -> Figure:
    """Distance against evaluations of the network and against time."""
    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    curves = sorted({(row["family"], row["sampler"]) for row in rows})
    families = sorted({name for name, _ in curves})
    for name, method in curves:
        mine = [row for row in rows if (row["family"], row["sampler"]) == (name, method)]
        look = {
            "color": COLOURS[families.index(name) % len(COLOURS)],
            "linestyle": "--" if method == "Euler" else "-",
            "label": f"{name.replace('_', ' ')}, {method}",
        }
        curve(axes[0], [row["evaluations"] for row in mine], mine, look)
        curve(axes[1], [milliseconds(row, record, timing.batch(1)) for row in mine], mine, look)
    for axis, label in zip(axes, ("network evaluations", "ms a response, batch 1"), strict=True):
        axis.axhline(1.0, color="black", linewidth=1, linestyle=":")
        axis.set(xscale="log", yscale="log", xlabel=label)
    axes[0].set_ylabel("W / Monte Carlo floor")
    axes[0].legend(fontsize=8)
    return figure


def curve(axis: Axes, places: list[float], rows: list[Row], look: dict[str, Any]) -> None:
    """Distances with their errors."""
    ratios = np.array([row["over_floor"]["W"]["ratio"] for row in rows])
    spreads = np.array([row["over_floor"]["W"]["spread"] for row in rows])
    axis.errorbar(places, ratios, spreads, marker="o", markersize=4, capsize=2, **look)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/league"))
    parser.add_argument("--families", nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, nargs="+", default=list(STEPS))
    parser.add_argument("--repetitions", type=int, default=1, help="of the test sample")
    parser.add_argument("--reference", type=Path, default=Path("data/zn_test.root"))
    parser.add_argument("--signal", default="signal", help="settings file of the classifier")
    parser.add_argument("--times", action="store_true", help="time anew what is known")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    sample, path = tree.read(options.reference), options.out / "steps.json"
    signal = classifier(options.runs, options.signal)
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    for name in options.families:
        for row in family(options, name, signal, sample, rows):
            rows = replaced(rows, row)
            write_text(path, json.dumps({"rows": rows}))
    record: Row = {
        **provenance("zdcsim", "torch", "numpy", "onnxruntime", "scikit-learn"),
        "reference": options.reference.name,
        "particles": len(np.unique(sample.particle)),
        "tables": sample.provenance.get("geant4_data", "not stated"),
        "auc_floor": auc(sample, [sample]),
        "clock": written_clock(),
    }
    record["caption"] = caption(rows, sample, record, options)
    write_rows(path, record, rows, markdown(rows, record))
    with style():
        write_png(path.with_suffix(".png"), drawn(rows, record))


if __name__ == "__main__":
    main()
