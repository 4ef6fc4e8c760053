"""The league of generators: every family over seeds, fidelity, cost and time in one table.

python benchmarks/fidelity.py --detector zn --families shower_vae sdi_gan_regressor --seeds 1 2 3

Each family is trained by its settings file in configs/zdcsim, exported, proved against the emulator
of O2 and judged on the test sample with all measures of likeness; the best weights are chosen on
validation particles. Writes benchmarks/results/league_zn.json and .md, league_zn_main.md with the
main columns, league_zn_terms.md with the GANs, and the judgement of every seed beside the runs.
What is there is not repeated, so more families or seeds can be added later; rows of the written
table whose families are not named stay as they are, if they were judged on the same sample; with
--add the other seeds of the named families stay too, with --times all but their seconds. Seconds
are measured here, one bundle after the other, on one thread, each between two measurements of one
graph (yardstick.py), by which they are brought to the machine that the table names: that of the
written table, or this one with --here. Geant4's are those that geant4_seconds.py measured beside
the same graph.

A bundle without a judgement is judged and not trained again, so the committed bundles can be judged
on a larger test sample: copy data/zn-shower-vae to RUNS/shower_vae-1/bundle.
"""

import argparse
import json
import multiprocessing
import os
import resource
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import timing
from changed_settings import changed_alike
from league_seeds import Row, added, over_seeds, retimed, with_errors
from league_table import BATCHES, FLOORS, LARGE, NUMBERS, full_caption, tables
from numpy.typing import NDArray
from result_files import write_rows
from trained import SIGNAL, classifier, commits, judged, verdict
from yardstick import Yardstick

from detcore.files import write_text
from detcore.provenance import provenance
from zdcsim.evaluation.judgement import physics_tables
from zdcsim.io import tree
from zdcsim.io.bundle import GENERATOR, read_bundle, read_manifest
from zdcsim.response import Responses


def entry(judgement: dict[str, Any], path: tuple[str, ...]) -> float | None:
    """One number out of a judgement; None where it does not exist."""
    value: Any = judgement
    for key in path:
        value = None if value is None else value.get(key)
    return None if value is None else float(value)


def within_seed(judgement: dict[str, Any], path: tuple[str, ...]) -> Row | None:
    """Error of a number of one judgement: over draws of its particles, or over its halves."""
    *place, last = path
    drawn = entry(judgement, (*place, "ratio_drawn")) if last == "ratio" else None
    if drawn is not None:
        return {"deviation": drawn, "over": "particles"}
    spread = entry(judgement, (*place, "ratio_spread" if last == "ratio" else "spread"))
    return None if spread is None else {"deviation": spread, "over": "halves"}


def judged_number(judgements: Sequence[dict[str, Any]], path: tuple[str, ...]) -> Row | None:
    """A number of all seeds with the error that each has by itself; that of a single one apart."""
    values = [entry(judgement, path) for judgement in judgements]
    return with_errors(values, [within_seed(judgement, path) for judgement in judgements])


def cost(bundle: Path) -> Row:
    """What training a bundle's generator took, and how large it is."""
    record = read_manifest(bundle)["training"]["generator"]
    trained = {**record.get("trained", {}), "responses": record["data"].get("responses", {})}
    return {**trained, "onnx_kb": (bundle / GENERATOR).stat().st_size / 1000}


def settings(bundle: Path) -> Row:
    """What a bundle's generator was trained with."""
    found: Row = read_manifest(bundle)["training"]["generator"]["settings"]
    return found


def family(
    name: str, found: Mapping[int, tuple[Path, dict[str, Any]]], sample: Responses, large: bool
) -> Row:
    """All numbers of one family, of its bundles and judgements by seed; with time at `LARGE`."""
    bundles, judgements = zip(*found.values(), strict=True)
    changes = changed_alike(name, [settings(bundle) for bundle in bundles])
    costs = [cost(bundle) for bundle in bundles]
    seconds: Row = timing.seconds_per_response(
        read_bundle(bundles[0]), sample, Yardstick(), BATCHES
    )
    seconds[timing.batch(LARGE)] = large_batch(bundles[0], sample) if large else None
    shown = [each.get("responses", {}).get("training") for each in costs]
    return {
        "family": name,
        "trained_seeds": list(found),
        "trained_at": commits(bundles),
        "numbers": {key: judged_number(judgements, path) for key, (_, path) in NUMBERS.items()},
        "changed": changes,
        "training_steps": over_seeds([each.get("steps") for each in costs]),
        "training_minutes": over_seeds([each.get("minutes") for each in costs]),
        "core_minutes": over_seeds([each.get("core_minutes") for each in costs]),
        "training_responses": over_seeds(shown),
        "learnt_numbers": costs[0].get("numbers"),
        "onnx_kb": costs[0]["onnx_kb"],
        "seconds": seconds,
    }


def large_batch(bundle: Path, sample: Responses) -> Row | None:
    """Seconds at the large batch, in a process that may take half of the memory; else None."""
    rows = np.random.default_rng(1).integers(len(sample), size=timing.RESPONSES[LARGE])
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=limited) as pool:
        try:
            return pool.submit(timed, bundle, sample.conditions[rows], LARGE).result()
        except Exception as problem:  # ONNX Runtime fails in its own way, or the process ends
            print(f"{bundle}: no time at batch {LARGE}: {problem}")
            return None


def limited() -> None:
    """Let this process take half of the memory of the machine."""
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    resource.setrlimit(resource.RLIMIT_AS, (half, half))


def timed(bundle: Path, conditions: NDArray[np.float32], batch: int) -> Row:
    """Seconds per response of a bundle."""
    return timing.bundle_seconds(read_bundle(bundle), conditions, batch, Yardstick())


def simulated(sample: Row) -> Row:
    """What a judgement says of its test sample, without what it says there of the model."""
    return {key: value for key, value in sample.items() if key != "empty_generated"}


def staying(path: Path, families: list[str], sample: Row) -> list[Row]:
    """The rows of the written table that are not of the named families.

    Raises:
        ValueError: If rows would stay that were judged on another sample.
    """
    if not path.exists():
        return []
    table: Row = json.loads(path.read_text())
    rows = [row for row in table["rows"] if row["family"] not in families]
    if rows and simulated(table["sample"]) != sample:
        raise ValueError(
            f"{path} was judged on another sample, {table['sample']['responses']} responses "
            f"of {table['sample']['particles']} particles; name its families too, or move it away"
        )
    return rows


def arguments() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", choices=("zn", "zp"), default="zn")
    parser.add_argument("--families", nargs="+", required=True, help="names of settings files")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--reference", type=Path, help="default: data/zn_test.root, zp_test.root")
    parser.add_argument("--signal", default=None, help="settings file of the classifier")
    parser.add_argument("--runs", type=Path, default=Path("runs/league"))
    parser.add_argument("--set", nargs="*", default=[], help="settings of every training, a.b=v")
    parser.add_argument("--only-trained", action="store_true", help="those that are judged already")
    parser.add_argument("--add", action="store_true", help="keep other seeds of these families")
    parser.add_argument("--times", action="store_true", help="keep all numbers but the seconds")
    parser.add_argument("--here", action="store_true", help="bring all seconds to this machine")
    parser.add_argument("--no-large", action="store_true", help=f"no time at batch {LARGE}")
    parser.add_argument("--parallel", type=int, default=1, help="trainings at a time")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    return parser.parse_args()


def clock(path: Path, record: Row, yardstick: float, here: bool) -> Row:
    """The machine whose seconds the table has, with its time of the yardstick.

    That of the written table, so that what was published stays; of this one where there is none, or
    if the seconds of this one are asked for.
    """
    written: Row = {} if here or not path.exists() else json.loads(path.read_text())
    mine = {"yardstick": yardstick, "machine": record["machine"], "measured": record["created"]}
    found: Row = written.get("clock", mine)
    return found


def main() -> None:
    """Train what is missing, judge it, write the table."""
    options = arguments()
    detector = options.detector
    reference = options.reference or Path(f"data/{detector}_test.root")
    # Read before hours of work, as its lack would end them.
    geant4 = json.loads((options.out / f"geant4_seconds_{detector}.json").read_text())
    sampled = [text for text in options.set if text.startswith("data.train=")]
    jobs = [(name, seed) for seed in options.seeds for name in options.families]
    if options.only_trained:
        jobs = [job for job in jobs if verdict(options.runs, *job).exists()]
    signal = partial(classifier, options.runs, options.signal or SIGNAL[detector], sampled)

    def one(job: tuple[str, int]) -> tuple[Path, dict[str, Any]]:
        return judged(options.runs, *job, signal, reference, options.set, ["--likeness"])

    with ThreadPoolExecutor(options.parallel) as pool:
        verdicts = list(pool.map(one, jobs))
    sample = tree.read(reference)
    first, table = verdicts[0][1], options.out / f"league_{detector}.json"
    tested = simulated(first["sample"])
    merge = retimed if options.times else added
    replaced = [] if options.add or options.times else options.families
    kept = staying(table, replaced, tested)
    found: dict[str, dict[int, tuple[Path, dict[str, Any]]]] = {name: {} for name, _ in jobs}
    for (name, seed), made in zip(jobs, verdicts, strict=True):
        found[name][seed] = made
    rows = [
        family(name, of_seeds, sample, not options.no_large) for name, of_seeds in found.items()
    ]
    others = [row for row in kept if row["family"] not in found]
    record: Row = {
        "detector": detector.upper(),
        "sample": tested,
        "tables": physics_tables(first["reference"]),
        "floor": first["distances"]["o2"]["mean"]["floor"],
        "floors": {
            key: {part: entry(first, (*path, part)) for part in ("mean", "spread")}
            for key, path in FLOORS.items()
        },
        **provenance("torch", "numpy", "onnxruntime", "scikit-learn"),
    }
    measured = {"measured": record["created"], "machine": record["machine"]}
    earlier = {row["family"]: row for row in kept}
    rows = [merge(earlier.get(row["family"]), row | measured) for row in rows] + others
    record["clock"] = clock(table, record, Yardstick().steady(), options.here)
    record["geant4"] = geant4
    record["trained_at"] = sorted({commit for row in rows for commit in row["trained_at"]})
    record["caption"] = full_caption(rows, record)
    written = tables(rows, record)
    write_rows(table, record, rows, written.pop(""))
    for name, text in written.items():
        write_text(table.with_name(f"{table.stem}{name}.md"), text)


if __name__ == "__main__":
    main()
