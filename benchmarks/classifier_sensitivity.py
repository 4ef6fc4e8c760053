"""What our classifiers find: the Monte Carlo against itself with a known fault.

python benchmarks/classifier_sensitivity.py

Each fault is made to all responses of the test sample; half of the copies of every particle, with
the fault, are then told apart from the other half, without it, by the classifiers of `zdcsim
evaluate --likeness`. An AUC of 0.5 for a fault means that it is too small for these classifiers and
this many responses; W over its floor is beside it. Writes
benchmarks/results/classifier_sensitivity.json and .md.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
from judged_bundle import SETTINGS, areas
from numpy.typing import NDArray
from result_files import write_rows

from detcore.provenance import provenance, shortened
from zdcsim.channels import channel_sums
from zdcsim.evaluation.features import fibre_positions
from zdcsim.evaluation.floor import Comparison, Halves, by_group, compare, divisions
from zdcsim.evaluation.judgement import physics_tables
from zdcsim.evaluation.likeness import DIVISIONS, side
from zdcsim.evaluation.quantities import Measured, measure
from zdcsim.evaluation.two_sample import Level
from zdcsim.geometry import Calorimeter
from zdcsim.io import tree
from zdcsim.response import Responses

Counts = NDArray[np.int64]
Fault = Callable[[Counts, Calorimeter, np.random.Generator], Counts]

JUDGED = {"W": ("o2", "mean"), "sum": ("features", "photon sum"), "width": ("features", "width")}


def no_fault(photons: Counts, calorimeter: Calorimeter, rng: np.random.Generator) -> Counts:
    """The Monte Carlo itself."""
    return photons


def at_random(values: NDArray[np.floating], rng: np.random.Generator) -> Counts:
    """Up or down to a whole number, so that the mean stays."""
    below = np.floor(values)
    rounded: Counts = (below + (rng.random(values.shape) < values - below)).astype(np.int64)
    return rounded


def brighter(share: float) -> Fault:
    """Every fibre has so much more light."""

    def fault(photons: Counts, calorimeter: Calorimeter, rng: np.random.Generator) -> Counts:
        return at_random(photons * (1 + share), rng)

    return fault


def wider(share: float) -> Fault:
    """Every photo-electron lies so much farther from the centroid, in the fibre beside or beyond.

    Those that would leave the calorimeter stay in its outermost fibres.
    """

    def fault(photons: Counts, calorimeter: Calorimeter, rng: np.random.Generator) -> Counts:
        response, *place = np.nonzero(photons)
        count = photons[response, *place]
        total = np.maximum(photons.sum(axis=(1, 2)), 1)
        moved = [np.repeat(response, count)]
        for index, fibres in zip(place, photons.shape[1:], strict=True):
            centroid = np.bincount(response, count * index, len(photons)) / total
            away = index + share * (index - centroid[response])
            moved.append(np.clip(at_random(np.repeat(away, count), rng), 0, fibres - 1))
        found = np.zeros_like(photons)
        np.add.at(found, tuple(moved), 1)
        return found

    return fault


def noisier(photons: Counts, calorimeter: Calorimeter, rng: np.random.Generator) -> Counts:
    """The counts of every fibre are drawn once more, from a Poisson law around them."""
    return rng.poisson(photons)


def shuffled(neighbours: Callable[[Calorimeter], NDArray[np.float64]]) -> Fault:
    """One permutation of the fibres for all responses, among neighbours of the same channel of O2.

    Channel sums and occupancy stay as they are.

    Arguments:
        neighbours: Number of the group that each fibre may move in, shape (Nx * Ny,).
    """

    def fault(photons: Counts, calorimeter: Calorimeter, rng: np.random.Generator) -> Counts:
        fibres = photons[0].size
        each = np.eye(fibres).reshape(-1, *photons.shape[1:])
        channel = channel_sums(each, calorimeter, "o2").argmax(axis=1)
        group = 5 * neighbours(calorimeter) + channel
        ordered, mixed = np.argsort(group, kind="stable"), np.lexsort((rng.random(fibres), group))
        source = np.empty(fibres, dtype=np.int64)
        source[ordered] = mixed
        return photons.reshape(len(photons), -1)[:, source].reshape(photons.shape)

    return fault


def rings(calorimeter: Calorimeter) -> NDArray[np.float64]:
    """Rings of a pitch around the centre of the calorimeter."""
    x, y = fibre_positions(calorimeter)
    ring: NDArray[np.float64] = np.floor(np.hypot(x, y) / calorimeter.pitch)
    return ring


def squares(calorimeter: Calorimeter) -> NDArray[np.float64]:
    """Squares of 4 x 4 fibres."""
    x, y = np.indices(calorimeter.shape) // 4
    return np.asarray((1000 * x + y).ravel(), dtype=np.float64)


FAULTS: dict[str, Fault] = {
    "none": no_fault,
    "light + 5 %": brighter(0.05),
    "light + 10 %": brighter(0.10),
    "light + 20 %": brighter(0.20),
    "width + 5 %": wider(0.05),
    "width + 10 %": wider(0.10),
    "Poisson noise once more": noisier,
    "fibres shuffled in squares of 4 x 4": shuffled(squares),
    "fibres shuffled in rings": shuffled(rings),
}


def row(name: str, sample: Responses, ours: Measured, divided: list[Halves]) -> dict[str, Any]:
    """What a fault does to distances and classifiers."""
    photons = sample.dense().astype(np.int64)
    faulty = FAULTS[name](photons, sample.calorimeter, np.random.default_rng(1))
    theirs = measure(faulty, sample.calorimeter, SETTINGS.conventions)
    found = by_group(compare(ours, [theirs], divided))
    candidate, reference = (
        side(counts, measured, sample, "o2")
        for counts, measured in ((faulty, theirs), (sample, ours))
    )
    return {
        "fault": name,
        "over_floor": {key: over_floor(found[g][n]) for key, (g, n) in JUDGED.items()},
        "auc": {level: areas([candidate], reference, divided, level) for level in get_args(Level)},
    }


def over_floor(found: Comparison) -> dict[str, float | None]:
    """Ratio to the floor and its spread over halves."""
    return {"mean": found.ratio, "spread": found.ratio_spread}


def markdown(rows: list[dict[str, Any]], record: dict[str, Any]) -> str:
    """The table."""
    levels = get_args(Level)
    headings = ["fault", "W / floor", "sum", "width", *(f"AUC, {level}" for level in levels)]
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    for each in rows:
        ratios = (f"{n['mean']:.2f} ± {n['spread']:.2f}" for n in each["over_floor"].values())
        found = (f"{n['mean']:.3f} ± {n['spread']:.3f}" for n in each["auc"].values())
        lines.append(f"| {' | '.join([each['fault'], *ratios, *found])} |")
    return "\n".join([*lines, "", record["caption"]]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=Path, default=Path("data/zn_test.root"))
    parser.add_argument("--faults", nargs="+", choices=list(FAULTS), default=list(FAULTS))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    sample = tree.read(options.reference)
    ours = measure(sample, sample.calorimeter, SETTINGS.conventions)
    divided = divisions(sample.particle, SETTINGS)
    rows = [row(name, sample, ours, divided) for name in options.faults]
    particles = len(np.unique(sample.particle))
    record: dict[str, Any] = {
        "responses": len(sample),
        "particles": particles,
        **provenance("numpy", "scikit-learn"),
    }
    record["caption"] = (
        f"Faults made to {len(sample)} Monte Carlo responses of {particles} particles "
        f"({sample.calorimeter.name}); half of the copies of every particle with the fault against "
        "the other half without. W, sum and width: Wasserstein distances over the floor, that of "
        f"the halves without a fault, ± over {SETTINGS.floor_repetitions} divisions into halves. "
        f"AUC: of the classifiers of `--likeness`, ± over {DIVISIONS} divisions. Monte Carlo: "
        f"{physics_tables(sample.provenance)}. Commit {shortened(record['commit'])}, "
        f"{record['machine']}. Made by `python benchmarks/classifier_sensitivity.py`."
    )
    path = options.out / "classifier_sensitivity.json"
    write_rows(path, record, rows, markdown(rows, record))


if __name__ == "__main__":
    main()
