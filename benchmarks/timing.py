"""How long a response takes, how fast ROOT is read, and how much memory training takes.

The bundle's seconds are measured here on particles of the file, one thread, from raw conditions to
whole counts; Geant4's with `geant4_seconds.py`. See README.md.

Example: python benchmarks/timing.py --model BUNDLE --reference data/zn_test.root --json timing.json
"""

import argparse
import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from yardstick import Yardstick, beside

from detcore.files import sha256, write_text
from detcore.provenance import provenance
from zdcsim.generation import batches
from zdcsim.io import tree
from zdcsim.io.bundle import Bundle, read_bundle
from zdcsim.response import Responses, joined

BATCH_SIZES = (1, 100, 1000)
RESPONSES = {1: 100, 100: 500, 1000: 2000, 10_000: 10_000}
"""Responses of one measurement, by batch size."""
REPETITIONS = {1: 30, 100: 20, 1000: 10, 10_000: 1}
"""Measurements at most."""
LONGEST = 20.0
"""Seconds after which no further measurement is begun, but for the first three."""
GRAPH = "graph alone, batch 1"
STRETCH, MEASUREMENTS, CALLS = 0.01, 100, 3000
"""Of the graph alone: seconds of one measurement, measurements, and different calls."""
WARM = 200
"""Responses at most before the clock starts."""
READ_RESPONSES = 20_000
TRAINING_STEPS = 30


def main() -> None:
    """Measure, write the JSON and show the table."""
    options = arguments()
    sample, bundle = tree.read(options.reference), read_bundle(options.model)
    found: dict[str, Any] = {
        **provenance("zdcsim", "numpy", "onnxruntime", "uproot", "awkward", "torch"),
        "data": {"file": options.reference.name, "sha256": sha256(options.reference)},
        "data_kind": sample.provenance.get("data_kind", "not stated"),
        "geant4_data": sample.provenance.get("geant4_data", "not stated"),
        "bundle": {"name": options.model.resolve().name, "sha256": bundle.sha256},
        "seconds_per_response": seconds_per_response(bundle, sample, Yardstick()),
        "root_reading": root_reading(sample),
        "training_memory": training_memory(options.config, options.train),
    }
    if options.json is not None:
        write_text(options.json, json.dumps(found, indent=2) + "\n")
    show(found, Console(width=110))


def arguments() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description="Time, reading speed and memory.")
    parser.add_argument("--model", type=Path, required=True, help="bundle folder")
    parser.add_argument("--reference", type=Path, required=True, help="Monte Carlo ROOT file")
    parser.add_argument("--config", type=Path, help="settings whose training memory to measure")
    parser.add_argument("--train", type=Path, help="ROOT file to train on instead of theirs")
    parser.add_argument("--json", type=Path, help="write every number to this file")
    return parser.parse_args()


def seconds_per_response(
    bundle: Bundle, sample: Responses, yardstick: Yardstick, sizes: Sequence[int] = BATCH_SIZES
) -> dict[str, dict[str, Any]]:
    """Seconds of the graph alone and CPU seconds of a response by batch size, see `beside`."""
    rng = np.random.default_rng(1)
    found = {GRAPH: graph_seconds(bundle, sample.conditions, yardstick)}
    for size in sizes:
        rows = rng.integers(len(sample), size=RESPONSES[size])
        found[batch(size)] = bundle_seconds(bundle, sample.conditions[rows], size, yardstick)
    return found


def batch(size: int) -> str:
    """What the times in batches of one size are called."""
    return f"batch {size}"


def graph_seconds(
    bundle: Bundle, conditions: NDArray[np.float32], yardstick: Yardstick
) -> dict[str, Any]:
    """Seconds of one call of the generator's graph for one response, one thread.

    What O2 waits for in `Ort::Session::Run`: no scaling, no classifier, no decoding. Medians of
    calls for some `STRETCH` seconds with other particles and other noise each.
    """
    rng = np.random.default_rng(1)
    rows = rng.integers(len(conditions), size=CALLS)
    scaled = bundle.generator_scales.apply(conditions[rows])
    noise = rng.standard_normal((CALLS, bundle.noise_size)).astype(np.float32)
    names = [node.name for node in bundle.generator.get_inputs()]
    given = itertools.cycle(
        dict(zip(names, (n[None], s[None]), strict=True))
        for n, s in zip(noise, scaled, strict=True)
    )

    def some_calls() -> float:
        spent: list[float] = []
        while sum(spent) < STRETCH:
            feed, start = next(given), time.perf_counter()
            bundle.generator.run(None, feed)
            spent.append(time.perf_counter() - start)
        return statistics.median(spent)

    some_calls()  # the first calls take longer
    return beside(yardstick, some_calls, MEASUREMENTS, LONGEST)


def bundle_seconds(
    bundle: Bundle, conditions: NDArray[np.float32], batch_size: int, yardstick: Yardstick
) -> dict[str, Any]:
    """CPU seconds per response of an opened bundle.

    Scaling, noise, classifier, generator and decoding to counts are inside. Particles that the
    classifier rejects cost no generator, as in O2; their share is reported.
    """
    warm = batches(bundle, conditions[:WARM], 0, batch_size)
    dark = [~counts.any(axis=(1, 2)) for _, counts in warm]
    seeds = itertools.count()

    def all_responses() -> float:
        start = time.process_time()
        for _ in batches(bundle, conditions, next(seeds), batch_size):
            pass
        return (time.process_time() - start) / len(conditions)

    found = beside(yardstick, all_responses, REPETITIONS[batch_size], LONGEST)
    light = 1 - float(np.concatenate(dark).mean())
    return {**found, "share_with_light": light, "responses": len(conditions)}


def root_reading(sample: Responses) -> dict[str, float]:
    """Responses read from ROOT in a second, on one core, from a file of at least 20 000."""
    copies = -(-READ_RESPONSES // len(sample))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "repeated.root"
        tree.write(path, joined([sample] * copies))
        size, cpu, wall = path.stat().st_size, [], []
        for _ in range(3):
            start_cpu, start_wall = time.process_time(), time.perf_counter()
            count = len(tree.read(path))
            cpu.append(time.process_time() - start_cpu)
            wall.append(time.perf_counter() - start_wall)
    return {
        "responses": count,
        "megabytes": size / 1e6,
        "responses_per_cpu_second": count / min(cpu),
        "responses_per_second": count / min(wall),
    }


def training_memory(config: Path | None, train: Path | None) -> dict[str, object] | None:
    """Peak resident memory of a short training in a process of its own; None without settings."""
    if config is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "zdcsim", "train", str(config), "--out", f"{folder}/run"]
        changes = [f"training.steps={TRAINING_STEPS}", "training.device=cpu"]
        changes += ["tracking.enabled=false"]
        changes += [f"data.train={train}"] if train is not None else []
        for change in changes:
            command += ["--set", change]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    peak_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"config": config.name, "steps": TRAINING_STEPS, "peak_megabytes": peak_kb / 1000}


def show(found: dict[str, Any], console: Console) -> None:
    """The main numbers as a table."""
    table = Table(title="CPU seconds per response, one thread")
    for column in ("", "seconds", "quartiles, by the yardstick"):
        table.add_column(column, justify="left" if not column else "right")
    for name, timed in found["seconds_per_response"].items():
        low, high = (each / timed["over_yardstick"] for each in timed["quartiles"])
        table.add_row(name, f"{timed['median']:.3g}", f"{low:.2f} to {high:.2f}")
    console.print(table)
    reading, memory = found["root_reading"], found["training_memory"]
    console.print(f"reading ROOT: {reading['responses_per_second']:,.0f} responses/s on one core")
    if memory is not None:
        console.print(f"training memory: {memory['peak_megabytes']:.0f} MB at the peak")
    console.print(
        f"commit {found['commit']}; {found['machine']}; {found['versions']}; data: "
        f"{found['data_kind']}, Geant4 tables: {found['geant4_data']}"
    )


if __name__ == "__main__":
    main()
