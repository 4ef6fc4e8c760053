"""Resident memory of training on 300 000 responses from the training store, and its speed.

Writes a store of synthetic ZN responses with the share of dark fibres and the spread of sums that
ALICE's own sample has (about 29 copies of each particle), then trains on it in processes of their
own, with the fibres in memory and left on disk. Synthetic responses: for memory and speed only.
See README.md.

Example: python benchmarks/store_memory.py --json benchmarks/results/store_memory.json
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from detcore.files import write_text
from detcore.provenance import provenance
from zdcsim.geometry import ZN
from zdcsim.io import store
from zdcsim.io.block import Block
from zdcsim.io.held import Held, opened_sample
from zdcsim.response import Responses, sparse
from zdcsim.sample.batches import ResponseBatches

ROOT = Path(__file__).resolve().parents[1]
COPIES, BLOCK = 29, 1450
MEDIAN, SPREAD, WIDTH_PITCHES = 111.0, 1.9, 3.0
"""Of the photo-electron sums (log-normal), and of the light around its centre."""
LIMIT_MB = 4000
DRAWS = 200


def main() -> None:
    """Write the store, measure both ways of holding it."""
    options = arguments()
    if options.draw is not None:
        print(json.dumps(drawing(options.draw, options.held)))
        return
    if options.train is not None:
        training(options.train, options.held, options.steps)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "synthetic.h5"
        start = time.perf_counter()
        store.write_blocks(path, synthetic(options.responses))
        found: dict[str, object] = {
            **provenance("zdcsim", "h5py", "numpy", "torch"),
            "data_kind": "synthetic",
            "responses": options.responses,
            "store_megabytes": path.stat().st_size / 1e6,
            "dense_float32_megabytes": options.responses * 44 * 44 * 4 / 1e6,
            "seconds_to_write": time.perf_counter() - start,
            "zero_pixel_fraction": zero_pixel_fraction(path),
            "limit_megabytes": LIMIT_MB,
            "steps": options.steps,
        }
        for held in ("memory", "disk"):
            found[held] = measured(path, held, options.steps)
    if options.json is not None:
        write_text(options.json, json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


def arguments() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description="Memory of training from the store.")
    parser.add_argument("--responses", type=int, default=300_000)
    parser.add_argument("--steps", type=int, default=20, help="of the training")
    parser.add_argument("--json", type=Path, help="write every number to this file")
    parser.add_argument("--draw", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--held", choices=["memory", "disk"], help=argparse.SUPPRESS)
    return parser.parse_args()


def synthetic(responses: int) -> Iterator[Block]:
    """Blocks of responses of COPIES copies a particle: Gaussian light, log-normal sums."""
    rng = np.random.default_rng(1)
    for start in range(0, responses, BLOCK):
        n = min(BLOCK, responses - start)
        photons = np.minimum(rng.lognormal(np.log(MEDIAN), SPREAD, n), 3360).astype(int) + 1
        row = np.repeat(np.arange(n), photons)
        centre = rng.uniform(12, 32, (n, 2))[row]
        x, y = (rng.normal(centre, WIDTH_PITCHES).astype(int) % ZN.nx).T
        flat = np.bincount((row * ZN.nx + x) * ZN.ny + y, minlength=n * ZN.nx * ZN.ny)
        offsets, pixels, counts = sparse(flat.reshape(n, *ZN.shape))
        particle = (start + np.arange(n)) // COPIES
        conditions = np.zeros((n, 9), np.float32)
        conditions[:, 0] = conditions[:, 6] = 3 * photons
        conditions[:, 4] = 1e-5 * particle
        yield Block(
            Responses(
                calorimeter=ZN,
                particle=particle,
                pdg=np.full(n, 2112, np.int32),
                conditions=conditions,
                offsets=offsets,
                pixels=pixels,
                counts=counts,
                cpu_seconds=np.zeros(n, np.float32),
                provenance={"data_kind": "synthetic"},
            )
        )


def zero_pixel_fraction(path: Path) -> float:
    """Share of the fibres of all responses without a photo-electron."""
    with store.open_store(path) as stored:
        return 1 - float(stored.lengths.sum()) / (len(stored) * ZN.nx * ZN.ny)


def measured(path: Path, held: Held, steps: int) -> dict[str, float]:
    """Numbers of drawing batches, then of a training, each in a fresh process."""
    command = [sys.executable, __file__, "--held", held]
    drawn = subprocess.run([*command, "--draw", str(path)], check=True, capture_output=True)
    trained = subprocess.Popen(
        [*command, "--train", str(path), "--steps", str(steps)], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(trained.pid, 0)
    if status:
        raise RuntimeError(f"the training ended with status {status}")
    numbers: dict[str, float] = json.loads(drawn.stdout)
    return {**numbers, "training_peak_megabytes": usage.ru_maxrss / 1000}


def drawing(path: Path, held: Held) -> dict[str, float]:
    """Seconds to open the sample and per batch of 64, and the peak memory of that."""
    start = time.perf_counter()
    with opened_sample(path, held) as sample:
        batches = ResponseBatches(sample, 64, 1, 10, symmetries=True)
        opened = time.perf_counter() - start
        start = time.perf_counter()
        for step in range(DRAWS):
            batches(step)
        seconds = (time.perf_counter() - start) / DRAWS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return {"seconds_to_open": opened, "seconds_per_batch": seconds, "drawing_peak_megabytes": peak}


def training(path: Path, held: Held, steps: int) -> None:
    """A short training with every term of the SDI-GAN."""
    from zdcsim.training import load_experiment, run

    changes = [f"data.train={path}", f"data.held={held}", f"training.steps={steps}"]
    changes += ["training.device=cpu", "tracking.enabled=false", "validation_draws=1"]
    settings = load_experiment(ROOT / "configs/zdcsim/sdi_gan_regressor.yaml", changes)
    with tempfile.TemporaryDirectory() as folder:
        run(settings, Path(folder) / "run", resume=False)


if __name__ == "__main__":
    main()
