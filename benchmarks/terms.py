"""What each term of the SDI-GAN is worth: GAN, SDI-GAN, + intensity, + regressor over seeds.

python benchmarks/terms.py --seeds 1 2 3

Trains each of the four configurations with each seed until its settings end it, exports the bundle
with one classifier, judges it on the test sample, and writes benchmarks/results/terms.json and
terms.md. The best weights of a run are chosen on validation particles, never on the test sample.
Runs that are already judged are not repeated, so an interrupted benchmark goes on.
"""

import argparse
import json
import statistics
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from trained import classifier, commits, judged

from detcore.files import write_text
from detcore.provenance import provenance

CONFIGS = {
    "gan": "GAN",
    "sdi_gan": "SDI-GAN",
    "sdi_gan_intensity": "+ intensity",
    "sdi_gan_regressor": "+ regressor",
}
NUMBERS = {
    "ratio": ("Wasserstein over floor", ("distances", "o2", "mean", "ratio")),
    "model": ("Wasserstein", ("distances", "o2", "mean", "model", "mean")),
    "diversity": ("diversity over floor", ("diversity", "difference", "ratio")),
    "maximum": ("brightest fibre over floor", ("distances", "features", "maximum", "ratio")),
}


def entry(judgement: dict[str, Any], path: tuple[str, ...]) -> float:
    """One number out of a judgement."""
    value: Any = judgement
    for key in path:
        value = value[key]
    return float(value)


def summary(judgements: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mean and spread over seeds of each number."""
    found = {}
    for key, (_, path) in NUMBERS.items():
        values = [entry(judgement, path) for judgement in judgements]
        found[key] = {
            "mean": statistics.mean(values),
            "spread": statistics.stdev(values) if len(values) > 1 else None,
            "seeds": values,
        }
    return found


def with_spread(number: dict[str, Any]) -> str:
    """Mean ± spread, if there is a spread."""
    text = f"{number['mean']:.2f}"
    return text if number["spread"] is None else f"{text} ± {number['spread']:.2f}"


def markdown(results: dict[str, dict[str, dict[str, Any]]], record: dict[str, Any]) -> str:
    """The table as Markdown."""
    lines = [
        "| model | Wasserstein | floor | ratio to floor | diversity | brightest fibre |",
        "|---|---|---|---|---|---|",
    ]
    floor = f"{record['floor']['mean']:.2f} ± {record['floor']['spread']:.2f}"
    for name, numbers in results.items():
        model, ratio = with_spread(numbers["model"]), with_spread(numbers["ratio"])
        others = (with_spread(numbers[key]) for key in ("diversity", "maximum"))
        cells = (CONFIGS[name], model, floor, ratio, *others)
        lines.append(f"| {' | '.join(cells)} |")
    changed = ", ".join(record["settings"]) or "none"
    lines += [
        "",
        f"Mean over channels (O2 convention), photo-electrons; mean and spread over the seeds "
        f"{', '.join(map(str, record['seeds']))}, of the floor over random halves of the sample. "
        f"Diversity and brightest fibre over their own floors. Settings changed: {changed}. "
        f"{record['physics_tables']}. Trained at commit {', '.join(record['trained_at'])}, "
        f"{record['machine']}. Made by `python benchmarks/terms.py`.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--reference", type=Path, default=Path("data/zn_test.root"))
    parser.add_argument("--runs", type=Path, default=Path("runs/terms"))
    parser.add_argument("--set", nargs="*", default=[], help="settings of every training, a.b=v")
    parser.add_argument("--parallel", type=int, default=2, help="trainings at a time")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    signal = partial(classifier, arguments.runs, "signal")
    jobs = [(name, seed) for seed in arguments.seeds for name in CONFIGS]

    def one(job: tuple[str, int]) -> tuple[Path, dict[str, Any]]:
        return judged(arguments.runs, *job, signal, arguments.reference, arguments.set)

    with ThreadPoolExecutor(arguments.parallel) as pool:
        bundles, verdicts = zip(*pool.map(one, jobs), strict=True)
    by_name = {
        name: [v for (other, _), v in zip(jobs, verdicts, strict=True) if other == name]
        for name in CONFIGS
    }
    results = {name: summary(found) for name, found in by_name.items()}
    reference = verdicts[0]["reference"]
    tables = reference.get("geant4_data", "unknown")
    record = {
        "seeds": arguments.seeds,
        "settings": arguments.set,
        "sample": verdicts[0]["sample"],
        "reference": reference,
        "trained_at": commits(bundles),
        "floor": verdicts[0]["distances"]["o2"]["mean"]["floor"],
        "physics_tables": f"Monte Carlo: Geant4 with {tables} tables",
        **provenance("torch", "numpy", "onnxruntime"),
    }
    write_text(arguments.out / "terms.json", json.dumps({**record, "results": results}, indent=1))
    write_text(arguments.out / "terms.md", markdown(results, record))
    print(markdown(results, record))


if __name__ == "__main__":
    main()
