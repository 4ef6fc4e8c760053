"""How fast O2's own files are read, and how much memory that takes.

ROOT itself writes an o2sim file (stand-in classes of tests/fixtures, ROOT's default compression);
a process of its own reads the ZN responses in steps, with every check: sums, conditions, PDG codes,
the parity against the hits, and the zero responses from the tracks. See README.md.

Example: python benchmarks/o2_reading.py --json benchmarks/results/o2_reading.json
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from detcore.files import write_text
from detcore.provenance import provenance

FIXTURES = Path(__file__).resolve().parents[1] / "tests" / "fixtures"
PRIMARIES, PHOTONS, ZLIB = 20, 200, 101
"""Of an event and of a response; 101 is what ROOT compresses with when told nothing."""
REPETITIONS = 3
TARGET = 5000


def main() -> None:
    """Write a file, read it in fresh processes, keep the numbers."""
    options = arguments()
    if options.read is not None:
        print(json.dumps(reading(options.read, options.megabytes)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "o2sim.root"
        written(path, options.events)
        runs = [measured(path, options.megabytes) for _ in range(REPETITIONS)]
        size = path.stat().st_size
    best = max(runs, key=lambda run: run["responses_per_cpu_second"])
    found = {
        **provenance("zdcsim", "numpy", "uproot", "awkward", "root"),
        "file": {"events": options.events, "megabytes": size / 1e6},
        "step_megabytes": options.megabytes,
        "best_of": REPETITIONS,
        **best,
        "ratio_to_target": best["responses_per_cpu_second"] / TARGET,
    }
    if options.json is not None:
        write_text(options.json, json.dumps(found, indent=2) + "\n")
    print(
        f"{best['responses']} ZN responses of {best['recorded']} recorded particles: "
        f"{best['responses_per_cpu_second']:,.0f} a CPU second, "
        f"{found['ratio_to_target']:.1f} times the target of {TARGET}; "
        f"peak memory {best['peak_megabytes']:.0f} MB, images together "
        f"{best['recorded'] * 44 * 45 * 4 / 1e6:.0f} MB"
    )


def arguments() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description="Speed and memory of reading O2's files.")
    parser.add_argument("--events", type=int, default=2500, help="events of 20 primaries")
    parser.add_argument("--megabytes", type=float, default=64, help="images read together")
    parser.add_argument("--json", type=Path, help="write every number to this file")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def written(path: Path, events: int) -> None:
    """Have ROOT write the file, in a process of its own."""
    program = (
        f"import sys; sys.path.insert(0, {str(FIXTURES)!r}); import make_o2sim; "
        f"make_o2sim.compiled().writeFile({str(path)!r}, {events}, {PRIMARIES}, {PHOTONS}, 1, '', "
        f"True, True, {ZLIB})"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)


def measured(path: Path, megabytes: float) -> dict[str, float]:
    """The numbers of one reading in a fresh process."""
    command = [sys.executable, __file__, "--read", str(path), "--megabytes", str(megabytes)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    numbers: dict[str, float] = json.loads(ran.stdout)
    return numbers


def reading(path: Path, megabytes: float) -> dict[str, float]:
    """Read all blocks and let each go; the first, which imports and compiles, is in the time."""
    start_cpu, start_wall = time.process_time(), time.perf_counter()
    from zdcsim.geometry import ZN
    from zdcsim.io.o2sim import O2Settings, blocks

    responses = missed = count = 0
    for block in blocks(path, O2Settings(ZN), megabytes):
        responses += len(block.responses)
        missed += len(block.missed_pdg)
        count += 1
    cpu, wall = time.process_time() - start_cpu, time.perf_counter() - start_wall
    recorded = responses * 4 // 3  # a quarter of the recorded particles has light in ZP alone
    return {
        "responses": responses,
        "recorded": recorded,
        "zero_responses": missed,
        "blocks": count,
        "cpu_seconds": cpu,
        "responses_per_cpu_second": responses / cpu,
        "responses_per_second": responses / wall,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


if __name__ == "__main__":
    main()
