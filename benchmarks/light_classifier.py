"""How many steps the classifier needs that O2 asks whether a particle leaves light.

python benchmarks/light_classifier.py --steps 2000 10000 --seeds 1 2 3 4 5

Trains the classifiers of both calorimeters on the committed samples, every one with its own
division into training and validation particles, and counts on the test samples how sure and how
right they are. Wrong: a particle whose answer is not that of most of its showers. Writes
benchmarks/results/light_classifier.json and .md; what is trained already is not repeated.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fidelity import text
from league_seeds import over_seeds
from numpy.typing import NDArray
from result_files import write_rows
from trained import CONFIGS, SIGNAL, zdcsim

from detcore import checkpoint
from detcore.provenance import provenance, shortened
from detcore.run_folder import PROVENANCE
from zdcsim.evaluation.judgement import physics_tables
from zdcsim.io import tree
from zdcsim.io.bundle import THRESHOLD
from zdcsim.training import load_classifier

SAMPLES = {"zn": Path("data/zn_test.root"), "zp": Path("data/zp_test.root")}
COLUMNS = {
    "validation": "validation",
    "hit": "test, particles that reach the face",
    "missed": "test, particles that miss",
}
"""Mean cross-entropies."""

Row = dict[str, Any]


def trained(runs: Path, detector: str, steps: int, seed: int) -> Path:
    """Run folder of a classifier; one that is finished stays as it is."""
    config = SIGNAL[detector]
    folder = runs / detector / f"{config}-{steps}-{seed}"
    settings = ("--set", f"training.steps={steps}", "--set", "tracking.enabled=false")
    path = CONFIGS / f"{config}.yaml"
    zdcsim("train", path, "--out", folder, "--seed", str(seed), "--resume", *settings)
    return folder


def cross_entropy(chance: NDArray[np.float64], lit: NDArray[np.float64]) -> float:
    """Mean of -log p of what happened, a share of lit showers at a time."""
    safe = np.clip(chance, 1e-12, 1 - 1e-12)
    return float(-(lit * np.log(safe) + (1 - lit) * np.log1p(-safe)).mean())


def judged(folder: Path, detector: str) -> dict[str, float]:
    """How sure and how right a classifier is on the test sample."""
    hits = tree.read(SAMPLES[detector])
    _, missed = tree.read_missed(SAMPLES[detector])
    _, first, of = np.unique(hits.particle, return_index=True, return_inverse=True)
    lit = np.bincount(of, hits.photon_sum() > 0) / np.bincount(of)
    network = load_classifier(folder)

    def chance(conditions: NDArray[np.floating]) -> NDArray[np.float64]:
        with torch.no_grad():
            answers = network(network.scaler(torch.from_numpy(conditions)))[:, 0]
        return np.asarray(answers.numpy(), np.float64)

    found, away = chance(hits.conditions[first]), chance(missed)
    best = checkpoint.load(folder / checkpoint.BEST)
    return {
        "validation": float(best["validation"]),
        "best_step": int(best["step"]),
        "hit": cross_entropy(found, lit),
        "missed": cross_entropy(away, np.zeros(len(away))),
        "wrong": int(((found >= THRESHOLD) != (lit >= THRESHOLD)).sum()),
        "wrong_missed": int((away >= THRESHOLD).sum()),
        "particles": len(lit),
        "particles_missed": len(away),
    }


def row(runs: Path, detector: str, steps: int, seeds: list[int]) -> Row:
    """All seeds of one number of steps."""
    folders = [trained(runs, detector, steps, seed) for seed in seeds]
    found = [judged(folder, detector) for folder in folders]
    return {
        "detector": detector.upper(),
        "steps": steps,
        "seeds": seeds,
        **{key: over_seeds([each[key] for each in found]) for key in found[0]},
        "trained_at": sorted({shortened(_commit(folder)) for folder in folders}),
    }


def _commit(folder: Path) -> str:
    return str(json.loads((folder / PROVENANCE).read_text())["commit"])


def markdown(rows: list[Row], caption: str) -> str:
    """The table."""
    headings = ["calorimeter", "steps", "seeds", "best at step", *COLUMNS.values()]
    headings += ["wrong of those that reach it", "wrong of those that miss"]
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    for each in rows:
        best, wrong, away = (each[key]["seeds"] for key in ("best_step", "wrong", "wrong_missed"))
        cells = [each["detector"], f"{each['steps']:,}", str(len(each["seeds"]))]
        cells.append(f"{min(best):,} to {max(best):,}")
        cells += [text(each[key], 4) for key in COLUMNS]
        cells.append(f"{', '.join(map(str, wrong))} of {each['particles']['seeds'][0]:,}")
        cells.append(f"{', '.join(map(str, away))} of {each['particles_missed']['seeds'][0]:,}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", caption]) + "\n"


def main() -> None:
    """Train what is missing, judge it, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detectors", nargs="+", choices=tuple(SAMPLES), default=list(SAMPLES))
    parser.add_argument("--steps", type=int, nargs="+", default=[2000, 10000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--runs", type=Path, default=Path("runs/light_classifier"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    rows = [
        row(options.runs, detector, steps, options.seeds)
        for detector in options.detectors
        for steps in options.steps
    ]
    record: Row = provenance("torch", "numpy")
    tables = physics_tables(tree.read(SAMPLES[options.detectors[0]]).provenance)
    commits = ", ".join(sorted({commit for each in rows for commit in each["trained_at"]}))
    record["caption"] = (
        "Classifier of the particles that leave light; mean cross-entropy ± spread over seeds, "
        "each with other validation particles, so that a validation compares the same seeds only. "
        f"Wrong by seed. Monte Carlo: {tables}. Trained at commit {commits}, {record['machine']}. "
        "Made by `python benchmarks/light_classifier.py`."
    )
    table = markdown(rows, record["caption"])
    write_rows(options.out / "light_classifier.json", record, rows, table)


if __name__ == "__main__":
    main()
