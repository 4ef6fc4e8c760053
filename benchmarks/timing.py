"""How long a response takes, how fast ROOT is read, and how much memory training takes.

Geant4's time is the CPU seconds that its file states for every shower. The bundle's is measured
here on the same particles, one thread, from raw conditions to whole counts. See README.md.

Example: python benchmarks/timing.py --model BUNDLE --reference data/zn_test.root --json timing.json
"""

import argparse
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
import onnxruntime
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from detcore.files import sha256, write_text
from detcore.provenance import provenance
from zdcsim.generation import batches
from zdcsim.io import tree
from zdcsim.io.bundle import Bundle, read_bundle
from zdcsim.response import Responses, joined

BATCH_SIZES = (1, 100, 1000)
RESPONSES = {1: 500, 100: 2000, 1000: 5000, 10_000: 10_000}
"""Responses of one measurement, by batch size."""
REPETITIONS = {1: 5, 100: 5, 1000: 5, 10_000: 1}
GRAPH = "graph alone, batch 1"
CALLS = 3000
"""Of the generator's graph alone."""
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
        "seconds_per_response": seconds_per_response(bundle, sample),
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
    bundle: Bundle, sample: Responses, sizes: Sequence[int] = BATCH_SIZES
) -> dict[str, object]:
    """CPU seconds of a Geant4 shower and of a generated response, by batch size, and the ratio."""
    geant4 = sample.cpu_seconds.astype(np.float64)
    found: dict[str, object] = {
        "geant4": {
            "cpu_mean": geant4.mean(),
            "cpu_standard_error": geant4.std(ddof=1) / np.sqrt(len(geant4)),
            "showers": len(geant4),
            "machine": sample.provenance.get("machine", "not stated"),
        }
    }
    found[GRAPH] = graph_seconds(bundle, sample.conditions)
    for batch_size in sizes:
        rng = np.random.default_rng(1)
        rows = rng.integers(len(sample), size=RESPONSES[batch_size])
        timed = bundle_seconds(bundle, sample.conditions[rows], batch_size)
        found[f"batch {batch_size}"] = {**timed, "speed_up": geant4.mean() / timed["cpu_median"]}
    return found


def graph_seconds(bundle: Bundle, conditions: NDArray[np.float32]) -> dict[str, float]:
    """Seconds of one call of the generator's graph for one response, one thread.

    What O2 waits for in `Ort::Session::Run`: no scaling, no classifier, no decoding. Median and
    fastest tenth of single calls with other particles and other noise each.
    """
    rng = np.random.default_rng(1)
    rows = rng.integers(len(conditions), size=CALLS + WARM)
    scaled = bundle.generator_scales.apply(conditions[rows])
    noise = rng.standard_normal((len(rows), bundle.noise_size)).astype(np.float32)
    median, fast = np.quantile(call_seconds(bundle.generator, noise, scaled), [0.5, 0.1])
    return {"wall_median": float(median), "wall_fastest_tenth": float(fast), "calls": CALLS}


def call_seconds(
    graph: onnxruntime.InferenceSession, *inputs: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Seconds of each call with one row of the inputs, those before the graph is warm left out.

    Arguments:
        graph: On one thread.
        inputs: By position, each of `CALLS` + `WARM` rows.
    """
    names = [node.name for node in graph.get_inputs()]
    spent = np.zeros(CALLS + WARM)
    for k in range(len(spent)):
        feed = dict(zip(names, (rows[k : k + 1] for rows in inputs), strict=True))
        start = time.perf_counter()
        graph.run(None, feed)
        spent[k] = time.perf_counter() - start
    return spent[WARM:]


def bundle_seconds(
    bundle: Bundle, conditions: NDArray[np.float32], batch_size: int
) -> dict[str, float]:
    """Seconds per response of an opened bundle; the median of repetitions after a first one.

    Scaling, noise, classifier, generator and decoding to counts are inside. Particles that the
    classifier rejects cost no generator, as in O2; their share is reported.
    """
    warm = batches(bundle, conditions[:WARM], 0, batch_size)
    dark = [~counts.any(axis=(1, 2)) for _, counts in warm]
    cpu, wall = [], []
    for repetition in range(REPETITIONS[batch_size]):
        start_cpu, start_wall = time.process_time(), time.perf_counter()
        for _ in batches(bundle, conditions, repetition, batch_size):
            pass
        cpu.append((time.process_time() - start_cpu) / len(conditions))
        wall.append((time.perf_counter() - start_wall) / len(conditions))
    return {
        "cpu_median": statistics.median(cpu),
        "cpu_smallest": min(cpu),
        "cpu_largest": max(cpu),
        "wall_median": statistics.median(wall),
        "share_with_light": 1 - float(np.concatenate(dark).mean()),
        "responses": len(conditions),
        "repetitions": len(cpu),
    }


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
    times = found["seconds_per_response"]
    table = Table(title="CPU seconds per response, one thread")
    for column in ("", "seconds", "Geant4 / this"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("Geant4, from the file", f"{times['geant4']['cpu_mean']:.3g}", "1")
    alone = times[GRAPH]["wall_median"]
    table.add_row(GRAPH, f"{alone:.3g}", f"{times['geant4']['cpu_mean'] / alone:,.0f}")
    for batch_size in BATCH_SIZES:
        timed = times[f"batch {batch_size}"]
        row = f"{timed['cpu_median']:.3g}", f"{timed['speed_up']:,.0f}"
        table.add_row(f"bundle, batch {batch_size}", *row)
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
