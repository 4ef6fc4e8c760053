"""What weights of fewer bits save, and what they cost in fidelity.

python benchmarks/quantisation.py --runs runs/league --families shower_vae sdi_gan_regressor

Exports each trained generator with its weights stored as float32, float16 and int8 (`zdcsim export
--weights`), and, besides, with ONNX Runtime's own dynamic int8, which computes in whole numbers;
judges and times each on the test sample. The generated responses have the same noise, so that a
difference between two rows of one family is that of the weights. Writes
benchmarks/results/quantisation.json and quantisation.md; what is there of the same weights and
sample is not repeated.
"""

import argparse
import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import timing
from judged_bundle import JUDGED, auc, cost, exported, numbers
from league_table import digits, milliseconds, written_clock
from result_files import write_rows
from trained import classifier, run_of

from detcore import checkpoint
from detcore.bundle import MANIFEST, described
from detcore.compact import Storage
from detcore.files import sha256, write_text
from detcore.provenance import provenance
from detcore.run_folder import PROVENANCE
from zdcsim.io import tree
from zdcsim.io.bundle import GENERATOR
from zdcsim.response import Responses
from zdcsim.training import load_generator

TIMED = {1: 2, 100: 1}
"""Batch sizes, and every how many responses of the sample are timed."""

DYNAMIC = "dynamic int8"
Row = dict[str, Any]


def quantised(bundle: Path) -> None:
    """Replace the generator by what ONNX Runtime's dynamic quantisation makes of it."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = bundle / "quantised.onnx"
    quantize_dynamic(bundle / GENERATOR, whole, weight_type=QuantType.QInt8, per_channel=True)
    whole.replace(bundle / GENERATOR)
    manifest = json.loads((bundle / MANIFEST).read_text())
    manifest["files"] |= described(bundle, [GENERATOR])
    write_text(bundle / MANIFEST, json.dumps(manifest))


def judged(run: Path, signal: Path, storage: str, sample: Responses, repetitions: int) -> Row:
    """Size, distances, AUC and time."""
    weights: Storage = "float32" if storage == DYNAMIC else storage  # type: ignore[assignment]
    with exported(load_generator(run), signal, weights) as bundle:
        if storage == DYNAMIC:
            quantised(bundle)
        return {**numbers(bundle, sample, repetitions), **cost(bundle, sample, TIMED)}


def markdown(rows: list[Row], record: Row) -> str:
    """The table."""
    headings = ["family", "weights", "kB", *(f"{key} / floor" for key in JUDGED), "AUC"]
    headings += ["ms, batch 1", "ms, batch 100"]
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    for row in rows:
        cells = [row["family"], row["weights"]]
        if "remark" in row:
            lines.append(f"| {' | '.join([*cells, row['remark']])} |{'  |' * (len(headings) - 3)}")
            continue
        auc = row["auc"]
        cells.append(f"{row['onnx_kb']:.0f}")
        cells += [f"{n['ratio']:.2f} ± {n['spread']:.2f}" for n in row["over_floor"].values()]
        cells.append(f"{auc['mean']:.3f} ± {auc['spread']:.3f}")
        cells += [digits(milliseconds(row, record, timing.batch(size))) for size in TIMED]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", record["caption"]]) + "\n"


def caption(rows: list[Row], sample: Responses, record: Row, options: argparse.Namespace) -> str:
    """What the table is."""
    floor = record["auc_floor"]
    return (
        f"{len(sample)} Monte Carlo responses of {len(np.unique(sample.particle))} particles, "
        f"Geant4 with {record['tables']} tables; trained networks of seed {options.seed}, "
        f"{options.repetitions} repetitions with the same noise in every row of a family. "
        "Distances over the Monte Carlo's own floor, ± over divisions into halves; AUC of a "
        f"classifier on features and conditions, Monte Carlo against itself {floor['mean']:.3f} ± "
        f"{floor['spread']:.3f}. float32, float16 and int8 are how the weights are stored, all "
        f"compute in float32; `{DYNAMIC}` is ONNX Runtime's dynamic quantisation. CPU time of a "
        "response, all included, one thread, in units of a graph timed before and after, times its "
        f"seconds on {record['clock']['machine']}. {record['machine']}, ONNX "
        f"Runtime {record['versions']['onnxruntime']}. Made by `python benchmarks/quantisation.py`."
    )


def family(
    options: argparse.Namespace, name: str, signal: Path, sample: Responses, known: list[Row]
) -> list[Row]:
    """All storages of one family."""
    run = run_of(options.runs, name, options.seed)
    record = json.loads((run / PROVENANCE).read_text())
    same = {"network": sha256(run / checkpoint.BEST), "sample": sha256(options.reference)}
    rows = []
    for storage in (*get_args(Storage), DYNAMIC):
        key = {"family": name, "weights": storage, **same}
        rows += [row for row in known if all(row.get(k) == v for k, v in key.items())]
        if rows and all(rows[-1].get(k) == v for k, v in key.items()):
            continue
        try:
            found = judged(run, signal, storage, sample, options.repetitions)
        except Exception as problem:  # ONNX Runtime's quantiser fails in ways of its own
            if storage != DYNAMIC:
                raise
            found = {"remark": f"fails: {type(problem).__name__}", "problem": str(problem)}
        rows.append({**key, "trained_at": record["commit"], **found})
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/league"))
    parser.add_argument("--families", nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=3, help="of the test sample")
    parser.add_argument("--reference", type=Path, default=Path("data/zn_test.root"))
    parser.add_argument("--signal", default="signal", help="settings file of the classifier")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    sample, path = tree.read(options.reference), options.out / "quantisation.json"
    signal = classifier(options.runs, options.signal)
    known = json.loads(path.read_text())["rows"] if path.exists() else []
    rows = [row for row in known if row["family"] not in options.families]
    for name in options.families:
        rows += family(options, name, signal, sample, known)
    record: Row = {
        **provenance("zdcsim", "torch", "numpy", "onnx", "onnxruntime", "scikit-learn"),
        "tables": sample.provenance.get("geant4_data", "not stated"),
        "auc_floor": auc(sample, [sample]),
        "clock": written_clock(),
    }
    record["caption"] = caption(rows, sample, record, options)
    write_rows(path, record, rows, markdown(rows, record))


if __name__ == "__main__":
    main()
