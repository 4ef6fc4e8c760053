"""How long the judge takes without classifiers, and how much memory, for many responses.

python benchmarks/judge_speed.py --responses 20000

Judges 20 000 responses against 20 000 with every distance, its floor and its errors, the diversity,
all bins, FPD, KPD, precision, recall, density, coverage and separation: what `zdcsim evaluate
--measures` does after the generation. Both samples are responses of the test sample, drawn with
replacement, so the numbers of the judgement mean nothing; only its time is kept. Writes
benchmarks/results/judge_speed.json.
"""

import argparse
import json
import resource
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from detcore.files import write_text
from detcore.provenance import provenance
from zdcsim.evaluation.errors import another_copy
from zdcsim.evaluation.judgement import judge
from zdcsim.evaluation.settings import Settings
from zdcsim.io import tree

SAMPLE = "responses of the test sample, drawn with replacement: for the time alone"


class Stages:
    """Seconds of the clock and of the CPU between the calls, by the name called with."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}
        self._name = ""
        self._since = (0.0, 0.0)

    def __call__(self, name: str) -> None:
        """End the stage that runs, and begin another; the empty name begins none."""
        now = perf_counter(), process_time()
        if self._name:
            spent = [end - begin for end, begin in zip(now, self._since, strict=True)]
            self.found[self._name] = {"wall": spent[0], "cpu": spent[1]}
        self._name, self._since = name, now


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--responses", type=int, default=20_000, help="of either sample")
    parser.add_argument("--reference", type=Path, default=Path("data/zn_test.root"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    test = tree.read(options.reference)
    rows = rng.integers(len(test), size=options.responses)
    partners = another_copy(test.particle, rng)[rows]
    reference, generated = test.select(rows), test.select(partners)
    stages = Stages()
    settings = Settings(measures=True, seed=options.seed)
    wall, cpu = perf_counter(), process_time()
    judge(reference, [generated], settings, stage=stages)
    stages("")
    record = {
        "what": "zdcsim.evaluation.judgement.judge with measures, without classifiers",
        "sample": SAMPLE,
        "responses": options.responses,
        "particles": len(np.unique(reference.particle)),
        "wall_seconds": perf_counter() - wall,
        "cpu_seconds": process_time() - cpu,
        "largest_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        "stages": stages.found,
        "reference": str(options.reference),
        **provenance("numpy"),
    }
    write_text(options.out / "judge_speed.json", json.dumps(record, indent=1) + "\n")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
