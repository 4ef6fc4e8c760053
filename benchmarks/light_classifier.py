"""How many steps the classifier needs that O2 asks whether a particle leaves light.

python benchmarks/light_classifier.py --steps 2000 10000 --seeds 1 2 3 4 5

Trains the classifiers of both calorimeters on the committed samples, every one with its own
division into training and validation particles, and counts on the test samples how sure and how
right they are. Wrong: a particle whose answer is not that of most of its showers. Writes
benchmarks/results/light_classifier.json and .md; what is trained already is not repeated.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from league_seeds import over_seeds
from league_table import text
from result_files import write_rows
from torch import Tensor
from torch.nn.functional import binary_cross_entropy
from trained import SIGNAL, classifier

from detcore import checkpoint
from detcore.provenance import provenance, shortened
from detcore.run_folder import PROVENANCE
from zdcsim.evaluation.judgement import physics_tables
from zdcsim.io import tree
from zdcsim.io.bundle import THRESHOLD
from zdcsim.training import load_classifier

SAMPLES = {"zn": Path("data/zn_test.root"), "zp": Path("data/zp_test.root")}
NUMBERS = {
    "validation": "validation",
    "hit": "test, particles that reach the face",
    "missed": "test, particles that miss",
}
"""Mean cross-entropies."""

Row = dict[str, Any]


@dataclass(frozen=True)
class TestParticles:
    """Particles of a test sample, each once.

    Attributes:
        hits: Conditions of those that reach the face, shape (N, 9).
        lit: Share of the showers of each that leave light, shape (N,).
        missed: Conditions of those that miss, shape (M, 9).
    """

    hits: Tensor
    lit: Tensor
    missed: Tensor


def tested(path: Path) -> TestParticles:
    """The particles of a test sample."""
    sample = tree.read(path)
    _, first, of = np.unique(sample.particle, return_index=True, return_inverse=True)
    lit = np.bincount(of, sample.photon_sum() > 0) / np.bincount(of)
    arrays = sample.conditions[first], lit, tree.read_missed(path)[1]
    return TestParticles(*map(torch.from_numpy, arrays))


def judged(folder: Path, test: TestParticles) -> dict[str, float]:
    """How sure and how right a classifier is on the test sample."""
    network = load_classifier(folder)
    with torch.no_grad():
        found, away = (
            network(network.scaler(conditions))[:, 0].double()
            for conditions in (test.hits, test.missed)
        )
    best = checkpoint.load(folder / checkpoint.BEST)
    return {
        "validation": float(best["validation"]),
        "best_step": int(best["step"]),
        "hit": float(binary_cross_entropy(found, test.lit)),
        "missed": float(binary_cross_entropy(away, torch.zeros_like(away))),
        "wrong": int(((found >= THRESHOLD) != (test.lit >= THRESHOLD)).sum()),
        "wrong_missed": int((away >= THRESHOLD).sum()),
        "particles": len(found),
        "particles_missed": len(away),
    }


def row(runs: Path, detector: str, steps: int, seeds: list[int], test: TestParticles) -> Row:
    """All seeds of one number of steps."""
    folders = [
        classifier(
            runs / f"{steps}-{seed}",
            SIGNAL[detector],
            (f"seed={seed}", f"training.steps={steps}", "tracking.enabled=false"),
        )
        for seed in seeds
    ]
    found = [judged(folder, test) for folder in folders]
    records = [json.loads((folder / PROVENANCE).read_text()) for folder in folders]
    return {
        "detector": detector.upper(),
        "steps": steps,
        "seeds": seeds,
        **{key: over_seeds([each[key] for each in found]) for key in found[0]},
        "trained_at": sorted({shortened(each["commit"]) for each in records}),
    }


def markdown(rows: list[Row], caption: str) -> str:
    """The table."""
    headings = ["calorimeter", "steps", "seeds", "best at step", *NUMBERS.values()]
    headings += ["wrong of those that reach it", "wrong of those that miss"]
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    for each in rows:
        best, wrong, away = (each[key]["seeds"] for key in ("best_step", "wrong", "wrong_missed"))
        cells = [each["detector"], f"{each['steps']:,}", str(len(each["seeds"]))]
        cells.append(f"{min(best):,} to {max(best):,}")
        cells += [text(each[key], 4) for key in NUMBERS]
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
    tests = {detector: tested(SAMPLES[detector]) for detector in options.detectors}
    rows = [
        row(options.runs, detector, steps, options.seeds, test)
        for detector, test in tests.items()
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
