"""How many showers a generator needs: its distance to the Monte Carlo against particles trained on.

python benchmarks/learning_curve.py --family latent_flow_matching --particles 90 190 375 750

Trains one family on the first particles of the training sample, fewer and more, each until its own
validation particles end it, and judges every network on the same test sample. All have the same
classifier, which learnt from the whole sample, so that only the generator differs. The network of
all particles is that of the league, RUNS/FAMILY-SEED, where it is there. Writes
benchmarks/results/learning_curve.json, .md and .png; what is judged already is not repeated.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from fidelity import COLUMNS, cost, judged_number, text
from figure_file import write_png
from league_seeds import over_seeds
from matplotlib.figure import Figure
from result_files import write_rows
from trained import SIGNAL, classifier, commits, judged, verdict

from detcore.provenance import provenance
from zdcsim.evaluation.judgement import physics_tables
from zdcsim.evaluation.plots import style
from zdcsim.io import tree

SHOWN = ("W", "photon_sum", "width", "occupancy", "maximum", "diversity", "auc")
"""Columns of the league that the table has."""

Row = dict[str, Any]


def beginning(whole: Path, particles: int, folder: Path) -> Path:
    """A file of the first so many particles of a training sample.

    Raises:
        ValueError: If the sample has fewer.
    """
    path = folder / f"first_{particles}.root"
    if not path.exists():
        sample = tree.read(whole)
        known = np.unique(sample.particle)
        if particles > len(known):
            raise ValueError(f"{whole} has {len(known)} particles, {particles} were asked for")
        folder.mkdir(parents=True, exist_ok=True)
        first = sample.select(np.isin(sample.particle, known[:particles]))
        tree.write(path, first, tree.read_missed(whole))
    return path


def point(options: argparse.Namespace, particles: int, whole: int, signal: Path) -> Row:
    """All seeds at one number of particles."""
    runs, settings = options.runs, list(options.set)
    if particles < whole:
        runs = options.runs / "learning_curve" / str(particles)
        settings.append(f"data.train={beginning(options.train, particles, runs)}")
    jobs = [(options.family, seed) for seed in options.seeds]
    if options.only_trained:
        jobs = [job for job in jobs if verdict(runs, *job).exists()]
    found = [
        judged(runs, *job, signal, options.reference, settings, ["--likeness"]) for job in jobs
    ]
    bundles, judgements = zip(*found, strict=True)
    costs = [cost(bundle) for bundle in bundles]
    return {
        "particles": particles,
        "responses": over_seeds([each["responses"].get("training") for each in costs]),
        "numbers": {key: judged_number(judgements, COLUMNS[key][1]) for key in SHOWN},
        "sample": judgements[0]["sample"],
        "tables": physics_tables(judgements[0]["reference"]),
        "trained_at": commits(bundles),
    }


def markdown(rows: list[Row], record: Row) -> str:
    """The table."""
    headings = ["particles", "training showers", "seeds", *(COLUMNS[key][0] for key in SHOWN)]
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    for row in rows:
        showers = row["responses"]["seeds"] if row["responses"] else []
        cells = [str(row["particles"]), " to ".join(f"{n:,.0f}" for n in sorted(set(showers)))]
        cells += [str(len(row["numbers"]["W"]["seeds"]))]
        cells += [text(row["numbers"][key]) for key in SHOWN]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", record["caption"]]) + "\n"


def caption(rows: list[Row], record: Row) -> str:
    """What the table is."""
    sample = rows[0]["sample"]
    trained_at = ", ".join(sorted({commit for row in rows for commit in row["trained_at"]}))
    return (
        f"`{record['family']}`, trained on the first particles of the training sample, a fifth of "
        f"which validates (training showers: the others'). {sample['responses']} Monte Carlo "
        f"responses of {sample['particles']} particles that training never saw. Distances over the "
        "Monte Carlo's own floor at the same size, ± over seeds, in parentheses the error of "
        "a single one; AUC of a classifier on features. "
        f"Monte Carlo: {rows[0]['tables']}. Settings changed: "
        f"{', '.join(record['settings']) or 'none'}. Trained at commit {trained_at}, "
        f"{record['machine']}. Made by `python benchmarks/learning_curve.py`."
    )


def drawn(rows: list[Row]) -> Figure:
    """The mean distance and those of three features against particles."""
    figure = Figure(figsize=(5.6, 4.0), layout="constrained")
    axis = figure.subplots()
    particles = [row["particles"] for row in rows]
    for key in ("W", "photon_sum", "width", "occupancy"):
        means = [row["numbers"][key]["mean"] for row in rows]
        spreads = [row["numbers"][key]["spread"] or 0.0 for row in rows]
        label = "mean channel" if key == "W" else COLUMNS[key][0]
        axis.errorbar(particles, means, spreads, marker="o", markersize=4, capsize=2, label=label)
    axis.axhline(1.0, color="black", linewidth=1, linestyle=":")
    axis.set(xscale="log", yscale="log", xlabel="particles of the training sample")
    axis.set_ylabel("Wasserstein / Monte Carlo floor")
    axis.legend(fontsize=8)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", default="latent_flow_matching", help="name of a settings file")
    parser.add_argument("--particles", type=int, nargs="+", default=[90, 190, 375, 750])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--train", type=Path, default=Path("data/zn_train.root"))
    parser.add_argument("--reference", type=Path, default=Path("data/zn_test.root"))
    parser.add_argument("--runs", type=Path, default=Path("runs/league"))
    parser.add_argument("--set", nargs="*", default=[], help="settings of every training, a.b=v")
    parser.add_argument("--only-trained", action="store_true", help="those that are judged already")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    sample = tree.read(options.train)
    whole = len(np.unique(sample.particle))
    signal = classifier(options.runs, SIGNAL[sample.calorimeter.name.lower()])
    rows = [point(options, n, whole, signal) for n in sorted(options.particles)]
    record: Row = {
        "family": options.family,
        "seeds": options.seeds,
        "settings": options.set,
        **provenance("torch", "numpy", "onnxruntime", "scikit-learn"),
    }
    record["caption"] = caption(rows, record)
    path = options.out / "learning_curve.json"
    write_rows(path, record, rows, markdown(rows, record))
    with style():
        write_png(path.with_suffix(".png"), drawn(rows))


if __name__ == "__main__":
    main()
