"""How many showers a generator needs: its distance to the Monte Carlo against particles trained on.

python benchmarks/learning_curve.py --families latent_flow_matching --particles 190 375 1100

Trains families on the first particles of the training sample, fewer and more, each until its own
validation particles end it, and judges every network on the same test sample. All have the same
classifier, which learnt from the whole sample, so that only the generator differs. Networks of all
particles are those in RUNS/FAMILY-SEED, where they are there. With --league N the rows of the
written league, whose training sample had the first N of these particles, stand beside them, with
the classifier of that sample; --league-table names the file of an earlier league. Writes
benchmarks/results/learning_curve_zn.json, .md and .png; what is judged already is not repeated.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from fidelity import cost, judged_number, simulated
from figure_file import write_png
from league_figures import COLOURS, MARKERS
from league_seeds import over_seeds, own_error
from league_table import IN_PARENTHESES, NUMBERS, text
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
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


def point(
    options: argparse.Namespace,
    family: str,
    particles: int,
    whole: int,
    signal: Callable[[], Path],
) -> Row | None:
    """All seeds of a family at one number of particles; None if none of those wanted is there."""
    runs, settings = options.runs, list(options.set)
    if particles < whole:
        runs = options.runs / "learning_curve" / str(particles)
        settings.append(f"data.train={beginning(options.train, particles, runs)}")
    jobs = [(family, seed) for seed in options.seeds]
    if options.only_trained:
        jobs = [job for job in jobs if verdict(runs, *job).exists()]
    if not jobs:
        return None
    found = [
        judged(runs, *job, signal, options.reference, settings, ["--likeness"]) for job in jobs
    ]
    bundles, judgements = zip(*found, strict=True)
    return {
        "family": family,
        "particles": particles,
        "of_league": False,
        "responses": over_seeds([cost(each)["responses"].get("training") for each in bundles]),
        "numbers": {key: judged_number(judgements, NUMBERS[key][1]) for key in SHOWN},
        "sample": simulated(judgements[0]["sample"]),
        "tables": physics_tables(judgements[0]["reference"]),
        "trained_at": commits(bundles),
    }


def of_league(league: Row, families: Sequence[str], particles: int) -> list[Row]:
    """The rows of a written league as points at its number of particles."""
    return [
        {
            "family": row["family"],
            "particles": particles,
            "of_league": True,
            "responses": row["training_responses"],
            "numbers": {key: row["numbers"][key] for key in SHOWN},
            "sample": league["sample"],
            "tables": league["tables"],
            "trained_at": row["trained_at"],
        }
        for row in league["rows"]
        if row["family"] in families
    ]


def together(rows: Sequence[Row]) -> list[Row]:
    """All points in order.

    Raises:
        ValueError: If they were judged on different samples, or there are two of one number.
    """
    places = [(row["family"], row["particles"]) for row in rows]
    if len(set(places)) < len(places):
        raise ValueError("a family has two points of one number of particles; leave out --league")
    for row in rows:
        if row["sample"] != rows[0]["sample"]:
            raise ValueError(
                f"{row['family']} of {row['particles']} particles was judged on another sample, "
                f"{row['sample']}, than {rows[0]['family']}, {rows[0]['sample']}"
            )
    return sorted(rows, key=lambda row: (row["family"], row["particles"]))


def markdown(rows: list[Row], record: Row) -> str:
    """The table."""
    headings = ["family", "particles", "training showers", "seeds"]
    headings += [NUMBERS[key][0] for key in SHOWN]
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    for row in rows:
        showers = row["responses"]["seeds"] if row["responses"] else []
        cells = [row["family"], f"{row['particles']:,}{' (league)' if row['of_league'] else ''}"]
        cells += [" to ".join(f"{n:,.0f}" for n in sorted({min(showers), max(showers)}))]
        cells += [str(len(row["numbers"]["W"]["seeds"]))]
        cells += [text(row["numbers"][key]) for key in SHOWN]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", record["caption"]]) + "\n"


def caption(rows: list[Row], record: Row) -> str:
    """What the table is."""
    sample = rows[0]["sample"]
    trained_at = ", ".join(sorted({commit for row in rows for commit in row["trained_at"]}))
    league = " Rows marked so are of the league of that sample and have its classifier."
    return (
        f"{record['detector']}, trained on the first particles of the training sample, a fifth of "
        f"which validates (training showers: the others'). {sample['responses']} Monte Carlo "
        f"responses of {sample['particles']} particles that training never saw. Distances over the "
        f"Monte Carlo's own floor at the same size, ± over seeds{IN_PARENTHESES}; AUC of a "
        "classifier on features."
        f"{league if any(row['of_league'] for row in rows) else ''} "
        f"Monte Carlo: {rows[0]['tables']}. Settings changed: "
        f"{', '.join(record['settings']) or 'none'}. Trained at commit {trained_at}, "
        f"{record['machine']}. Made by `python benchmarks/learning_curve.py`."
    )


def drawn(rows: list[Row]) -> Figure:
    """The mean distance and that of the width against particles, a colour and mark a family."""
    figure = Figure(figsize=(10.0, 4.0), layout="constrained")
    axes = figure.subplots(1, 2)
    shown = sorted({row["particles"] for row in rows})
    for axis, key, name in zip(axes, ("W", "width"), ("channels", "width"), strict=True):
        for k, family in enumerate(dict.fromkeys(row["family"] for row in rows)):
            mine = [row for row in rows if row["family"] == family]
            numbers = [row["numbers"][key] for row in mine]
            axis.errorbar(
                [row["particles"] for row in mine],
                [number["mean"] for number in numbers],
                [n["spread"] or own_error(n) or 0.0 for n in numbers],
                color=COLOURS[k % len(COLOURS)],
                marker=MARKERS[k % len(MARKERS)],
                capsize=2,
                label=family.replace("_", " "),
            )
        axis.axhline(1.0, color="black", linewidth=1, linestyle=":")
        axis.set(xscale="log", yscale="log", xlabel="particles of the training sample")
        axis.xaxis.set(major_locator=FixedLocator(shown), minor_locator=NullLocator())
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.yaxis.set(major_locator=FixedLocator((1, 2, 5, 10, 20)), minor_locator=NullLocator())
        axis.yaxis.set_major_formatter("{x:.0f}")
        axis.set_ylabel(f"W of the {name} / Monte Carlo floor")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=9)
    return figure


def arguments() -> argparse.Namespace:
    """Options of the command line, with the files of the detector where none are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", choices=("zn", "zp"), default="zn")
    parser.add_argument("--families", nargs="+", required=True, help="names of settings files")
    parser.add_argument("--particles", type=int, nargs="+", help="all of the sample if not given")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--train", type=Path, help="default: data/zn_train.root, zp_train.root")
    parser.add_argument("--reference", type=Path, help="default: data/zn_test.root, zp_test.root")
    parser.add_argument("--runs", type=Path, default=Path("runs/league"))
    parser.add_argument("--league", type=int, help="particles that the written league learnt from")
    parser.add_argument("--league-table", type=Path, help="default: that in --out")
    parser.add_argument("--set", nargs="*", default=[], help="settings of every training, a.b=v")
    parser.add_argument("--only-trained", action="store_true", help="those that are judged already")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    options.league_table = options.league_table or options.out / f"league_{options.detector}.json"
    options.train = options.train or Path(f"data/{options.detector}_train.root")
    options.reference = options.reference or Path(f"data/{options.detector}_test.root")
    return options


def main() -> None:
    """Train what is missing, judge it, write table and figure."""
    options = arguments()
    whole = len(np.unique(tree.read(options.train).particle))
    signal = partial(classifier, options.runs, SIGNAL[options.detector])
    found = [
        point(options, family, particles, whole, signal)
        for family in options.families
        for particles in options.particles or [whole]
    ]
    rows = [row for row in found if row is not None]
    if options.league is not None:
        league = json.loads(options.league_table.read_text())
        rows += of_league(league, options.families, options.league)
    rows = together(rows)
    record: Row = {
        "detector": options.detector.upper(),
        "settings": options.set,
        **provenance("torch", "numpy", "onnxruntime", "scikit-learn"),
    }
    record["caption"] = caption(rows, record)
    path = options.out / f"learning_curve_{options.detector}.json"
    write_rows(path, record, rows, markdown(rows, record))
    with style():
        write_png(path.with_suffix(".png"), drawn(rows))


if __name__ == "__main__":
    main()
