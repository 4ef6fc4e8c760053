"""How long a score takes in ONNX Runtime on one thread: one track at a time, and a thousand.

python benchmarks/pid_speed.py data/pid-* --sample data/pid_simulation.root

One model of each bundle is timed on scaled tracks of the sample, all patterns of detectors mixed,
in one run on one machine. Goals: 40 microseconds for a single track, 5 in a batch of 1000.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detcore.files import sha256, write_text
from detcore.provenance import provenance, shortened
from detcore.session import run
from pid.io import producer
from pid.io.bundle import Bundle, model_file, read_bundle
from pid.scoring import inputs

KAON = 321
BATCHES = {1: 2000, 1000: 40}
"""Runs of one repetition, by batch size."""
REPETITIONS = 9
GOALS = {1: 40.0, 1000: 5.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundles", type=Path, nargs="+")
    parser.add_argument("--sample", type=Path, default=Path("data/pid_simulation.root"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    tracks = producer.read(options.sample)
    opened = [read_bundle(path) for path in options.bundles]
    rows = {bundle.name: timed(bundle, inputs(bundle, tracks)) for bundle in opened}
    record = {
        "goals": GOALS,
        "data": {"file": options.sample.name, "sha256": sha256(options.sample)},
        "threads": 1,
        **provenance("onnxruntime", "numpy"),
        "results": rows,
    }
    page = "\n".join([*table(rows), "", caption(record)]) + "\n"
    write_text(options.out / "pid_speed.json", json.dumps(record, indent=1) + "\n")
    write_text(options.out / "pid_speed.md", page)
    print(page)


def timed(bundle: Bundle, values: NDArray[np.float32]) -> dict[str, Any]:
    """Microseconds a track of the kaon's model, by batch size."""
    name = model_file(bundle.contract, KAON)
    rng = np.random.default_rng(1)
    found: dict[str, Any] = {
        "model": name,
        "bytes": (bundle.path / name).stat().st_size,
        "bundle_sha256": bundle.sha256,
    }
    for batch, runs in BATCHES.items():
        rows = rng.integers(len(values), size=(runs, batch))
        parts = [np.ascontiguousarray(values[own]) for own in rows]
        found[f"batch {batch}"] = repeated(bundle, name, parts)
    return found


def repeated(bundle: Bundle, name: str, parts: Sequence[NDArray[np.float32]]) -> dict[str, float]:
    """Microseconds a track over repetitions after a first one that is not counted."""
    model, tracks = bundle.sessions[name], sum(map(len, parts))
    cpu, wall = [], []
    for repetition in range(REPETITIONS + 1):
        start_cpu, start_wall = time.process_time(), time.perf_counter()
        for part in parts:
            run(model, part)
        if repetition:
            cpu.append(1e6 * (time.process_time() - start_cpu) / tracks)
            wall.append(1e6 * (time.perf_counter() - start_wall) / tracks)
    return {
        "cpu_median": statistics.median(cpu),
        "cpu_smallest": min(cpu),
        "cpu_largest": max(cpu),
        "wall_median": statistics.median(wall),
        "wall_smallest": min(wall),
    }


def table(rows: dict[str, Any]) -> list[str]:
    """Microseconds a track in Markdown."""
    lines = [
        "| µs a track, one thread | single track | batch 1000 | model, kB |",
        "|---|---|---|---|",
    ]
    for name, row in rows.items():
        times = [f"{row[f'batch {batch}']['cpu_median']:.3g}" for batch in BATCHES]
        lines.append(f"| {name} | {' | '.join(times)} | {row['bytes'] / 1000:.0f} |")
    return lines


def caption(record: dict[str, Any]) -> str:
    """What the numbers are."""
    return (
        f"Median CPU time of {REPETITIONS} repetitions in ONNX Runtime "
        f"{record['versions']['onnxruntime']}, one species, scaled inputs, all patterns mixed; "
        f"goals {GOALS[1]:.0f} and {GOALS[1000]:.0f}. {record['machine']}, other work running. "
        f"Commit {shortened(str(record['commit']))}. Made by `python benchmarks/pid_speed.py`."
    )


if __name__ == "__main__":
    main()
