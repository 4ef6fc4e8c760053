"""The main numbers of a bundle, for benchmarks that compare many: a part of `zdcsim evaluate`."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import timing
from numpy.typing import NDArray
from yardstick import Yardstick

from detcore.compact import Storage
from zdcsim.evaluation.floor import Halves, compare, divisions
from zdcsim.evaluation.likeness import DIVISIONS, Side, side
from zdcsim.evaluation.quantities import Quantity, measure
from zdcsim.evaluation.settings import Settings
from zdcsim.evaluation.two_sample import Level, told_apart
from zdcsim.export.o2 import write_bundle
from zdcsim.export.reference import reference_conditions
from zdcsim.generation import generate
from zdcsim.io.bundle import GENERATOR, read_bundle
from zdcsim.models.generator import Generator
from zdcsim.response import Responses
from zdcsim.training import load_classifier

SETTINGS = Settings(conventions=("o2",))
JUDGED = {
    "W": Quantity("o2", "mean", "photo-electrons"),
    "sum": Quantity("features", "photon sum", "photo-electrons"),
    "occupancy": Quantity("features", "occupancy", "fibres"),
    "brightest": Quantity("features", "maximum", "photo-electrons"),
}
"""Distances whose ratio to the floor is given."""

STRIDE = 23
"""Every how many of the reference particles the exported graph is proved."""


@contextmanager
def exported(generator: Generator, signal: Path, weights: Storage = "float32") -> Iterator[Path]:
    """A bundle of a generator as it stands, which is gone afterwards.

    Arguments:
        generator: The network.
        signal: Run folder of the classifier.
        weights: How they are stored.
    """
    particles = reference_conditions(generator.calorimeter)[::STRIDE]
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        write_bundle(generator, load_classifier(signal), bundle, {}, particles, weights=weights)
        yield bundle


def numbers(bundle: Path, sample: Responses, repetitions: int) -> dict[str, Any]:
    """Distances over their floor, and AUC on features, with the seeds 1, 2, ... of the noise."""
    photons = [generate(bundle, sample.conditions, seed + 1) for seed in range(repetitions)]
    ours = measure(sample, sample.calorimeter, ("o2",))
    theirs = [measure(each, sample.calorimeter, ("o2",)) for each in photons]
    found = compare(ours, theirs, divisions(sample.particle, SETTINGS))
    return {
        "over_floor": {
            key: {"ratio": found[quantity].ratio, "spread": found[quantity].ratio_spread}
            for key, quantity in JUDGED.items()
        },
        "auc": auc(sample, photons),
    }


def auc(sample: Responses, photons: Sequence[NDArray[np.int32] | Responses]) -> dict[str, Any]:
    """Of a classifier on features, as in `zdcsim.evaluation.likeness`; 0.5: not told apart.

    Arguments:
        sample: The Monte Carlo.
        photons: Repetitions of the generation; the sample itself for the floor.
    """
    reference, *candidates = (
        side(each, measure(each, sample.calorimeter, ("o2",)), sample, "o2", with_fibres=False)
        for each in (sample, *photons)
    )
    return areas(candidates, reference, divisions(sample.particle, SETTINGS), "features")


def areas(
    candidates: Sequence[Side], reference: Side, divided: Sequence[Halves], level: Level
) -> dict[str, float]:
    """Mean and spread of the area under the ROC curve over divisions into halves.

    Arguments:
        candidates: Repetitions of what is told apart from the reference.
        reference: The Monte Carlo, of the same particles row by row.
        divided: Halves of the rows.
        level: What the classifier sees.
    """
    found = []
    for k, (a, b) in enumerate(divided[:DIVISIONS]):
        ours, theirs = candidates[k % len(candidates)].rows(a), reference.rows(b)
        seen = ours.inputs(level), theirs.inputs(level)
        particles = ours.particle, theirs.particle
        found.append(told_apart(*seen, particles, level, SETTINGS.seed + k).auc)
    return {"mean": float(np.mean(found)), "spread": float(np.std(found, ddof=1))}


def cost(bundle: Path, sample: Responses, timed: Mapping[int, int]) -> dict[str, Any]:
    """Seconds by batch size, on every so many responses of the sample, and size of the graph."""
    opened, yardstick = read_bundle(bundle), Yardstick()
    seconds = {
        timing.batch(size): timing.bundle_seconds(
            opened, sample.conditions[::stride], size, yardstick
        )
        for size, stride in timed.items()
    }
    return {"seconds": seconds, "onnx_kb": (bundle / GENERATOR).stat().st_size / 1000}
