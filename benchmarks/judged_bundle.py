"""The main numbers of a bundle, for benchmarks that compare many: a part of `zdcsim evaluate`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timing

from zdcsim.evaluation.floor import compare, divisions
from zdcsim.evaluation.likeness import likeness, side
from zdcsim.evaluation.quantities import Quantity, measure
from zdcsim.evaluation.settings import Settings
from zdcsim.generation import generate
from zdcsim.io.bundle import GENERATOR, read_bundle
from zdcsim.response import Responses

SETTINGS = Settings(conventions=("o2",))
JUDGED = {
    "W": Quantity("o2", "mean", "photo-electrons"),
    "sum": Quantity("features", "photon sum", "photo-electrons"),
    "occupancy": Quantity("features", "occupancy", "fibres"),
    "brightest": Quantity("features", "maximum", "photo-electrons"),
}
"""Distances whose ratio to the floor is given."""


def numbers(bundle: Path, sample: Responses, repetitions: int) -> dict[str, Any]:
    """Distances over their floor, and AUC on features, with the seeds 1, 2, ... of the noise."""
    photons = [generate(bundle, sample.conditions, seed + 1) for seed in range(repetitions)]
    ours = measure(sample, sample.calorimeter, ("o2",))
    theirs = [measure(each, sample.calorimeter, ("o2",)) for each in photons]
    divided = divisions(sample.particle, SETTINGS)
    found = compare(ours, theirs, divided)
    sides = [
        side(each, measured, sample, "o2", with_fibres=False)
        for each, measured in zip(photons, theirs, strict=True)
    ]
    alike = likeness(side(sample, ours, sample, "o2", with_fibres=False), sides, divided)
    auc = alike["AUC, features"]
    return {
        "over_floor": {
            key: {"ratio": found[quantity].ratio, "spread": found[quantity].ratio_spread}
            for key, quantity in JUDGED.items()
        },
        "auc": {"model": vars(auc.model), "floor": vars(auc.floor)},
    }


def cost(bundle: Path, sample: Responses, timed: Mapping[int, int]) -> dict[str, Any]:
    """Seconds by batch size, on every so many responses of the sample, and size of the graph."""
    opened = read_bundle(bundle)
    seconds = {
        f"batch {size}": timing.bundle_seconds(opened, sample.conditions[::stride], size)
        for size, stride in timed.items()
    }
    return {"seconds": seconds, "onnx_kb": (bundle / GENERATOR).stat().st_size / 1000}
