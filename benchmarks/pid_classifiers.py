"""The league table: every classifier of configs/pid with several seeds, beside today's cuts.

pid simulate --tracks 500000 --seed 11 --out runs/pid_training.root
pid simulate --tracks 300000 --seed 13 --out runs/pid_test.root
python benchmarks/pid_classifiers.py --sample runs/pid_test.root \
    --set training.steps=3000 training.batch=2048 training.validate_every=250

Trains and judges. Training, validation and thresholds see the
training sample alone; the cuts are fitted on some events of the test sample, and all are judged on
its other events and on the shifted sample. What is there already is not repeated.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pid_runs import Job, Plan, only_trained, parser, run_folders, trained_at

from detcore.files import sha256, write_text
from detcore.provenance import provenance
from pid import cuts
from pid.evaluation.campaign import Files, judge_candidates, prepared
from pid.evaluation.comparison import QUANTITIES, Comparison, compare, mean_over_species
from pid.evaluation.judgement import Judgement
from pid.evaluation.settings import Settings
from pid.evaluation.wording import brief, species_name
from pid.export.candidate import candidate
from pid.io import producer

CONFIGS = (
    "feature_set", "feature_set_multiclass", "mlp_flags", "mlp_mean", "mlp_regression",
    "pattern_ensemble", "complete_cases", "trees", "trees_multiclass",
)  # fmt: skip
ONCE = ("feature_set_published",)
"""Four times as slow as the others: trained with the first seed alone."""
AVERAGED = ("feature_set",)
"""Of these the mean of all seeds is judged too."""
OURS = ("feature set", "feature set, four classes")
IMPUTED = ("mlp, mean", "mlp, regression")
TREES = ("trees", "trees, four classes")
LIMIT = 0.003


def results(judged: Sequence[Judgement], found: Comparison) -> dict[str, Any]:
    """Every number of one sample, with the single seeds."""
    rows = {}
    for row in found.rows:
        same = [each for each in judged if each.name == row.name]
        targets = {}
        for pdg, numbers in row.targets.items():
            singles = [each.target(pdg) for each in same]
            targets[pdg] = {
                name: {**asdict(number), "single": [QUANTITIES[name](t) for t in singles if t]}
                for name, number in numbers.items()
            }
        rows[row.name] = {
            "species": targets,
            "mean over species": {name: mean_over_species(row, name) for name in QUANTITIES},
            "seeds": [each.seed for each in same],
        }
    return rows


def acceptance(rows: dict[str, Any]) -> dict[str, Any]:
    """F1 of the feature sets minus the best imputation and the best trees, by species."""
    found: dict[str, Any] = {}
    for ours in OURS:
        mine = _f1(rows, (ours,))
        imputed = {pdg: mine[pdg] - value for pdg, value in _f1(rows, IMPUTED).items()}
        trees = {pdg: mine[pdg] - value for pdg, value in _f1(rows, TREES).items()}
        found[ours] = {
            "minus best imputation": imputed,
            "minus best trees": trees,
            "at least every imputation": all(value >= 0 for value in imputed.values()),
            f"within {LIMIT} of the best trees": all(value >= -LIMIT for value in trees.values()),
        }
    return found


def _f1(rows: dict[str, Any], names: Sequence[str]) -> dict[int, float]:
    """Largest mean F1 of some classifiers, by species."""
    known = [rows[name]["species"] for name in names if name in rows]
    return {pdg: max(each[pdg]["F1"]["mean"] for each in known) for pdg in known[0]}


def table(found: Comparison, quantity: str) -> list[str]:
    """A quantity of every classifier and species in Markdown; the best mean in bold."""
    names = [species_name(pdg) for pdg in found.targets]
    lines = [f"| {quantity} | {' | '.join(names)} | mean |", "|---" * (len(names) + 2) + "|"]
    for row in found.rows:
        cells = []
        for pdg in found.targets:
            text = brief(row.targets[pdg][quantity])
            cells.append(f"**{text}**" if found.best(pdg, quantity) == row.name else text)
        mean = mean_over_species(row, quantity)
        cells.append("-" if mean is None else f"{mean:.4f}")
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return lines


def overview(found: Comparison, rows: dict[str, Any]) -> list[str]:
    """Means over species in Markdown."""
    names = ("F1", "purity", "efficiency", "ROC AUC", "log-loss", "calibration error")
    lines = [f"| mean over species | {' | '.join(names)} | seeds |", "|---" * 8 + "|"]
    for row in found.rows:
        means = [mean_over_species(row, name) for name in names]
        cells = ["-" if value is None else f"{value:.4f}" for value in means]
        seeds = [seed for seed in rows[row.name]["seeds"] if seed is not None]
        lines.append(f"| {row.name} | {' | '.join(cells)} | {len(seeds) or '-'} |")
    return lines


def caption(record: dict[str, Any], judged: Sequence[Judgement]) -> str:
    """What the numbers are and how they came about."""
    sample, training = judged[0].sample, record["data"]["training"]
    return (
        f"{sample.tracks:,} tracks of {record['data']['sample']['file']} ({sample.held_out}). In "
        "parentheses the spread over the seeds; of the cuts and of averaged seeds half the "
        f"binomial interval. Trained on {training['file']} "
        f"(sha256 {training['sha256'][:12]}), settings of every network: "
        f"{', '.join(record['settings']) or 'as in configs/pid'}. Parametric detector. Trained at "
        f"commit {', '.join(record['trained_at'])}, {record['machine']}. Made by "
        "`python benchmarks/pid_classifiers.py`."
    )


def main() -> None:
    made = parser(__doc__.splitlines()[0], "runs/pid")
    made.add_argument("--once", nargs="*", default=list(ONCE), help="with the first seed alone")
    options = made.parse_args()
    jobs = [Job(name, seed) for seed in options.seeds for name in CONFIGS]
    jobs += [Job(name, options.seeds[0]) for name in options.once]
    plan = Plan(options.runs, options.train, None, tuple(options.set))
    files = (options.sample, options.shifted, options.shifted_truth)
    jobs = only_trained(jobs, plan) if options.only_trained else jobs
    runs = dict(zip(jobs, run_folders(jobs, plan, options.parallel), strict=True))
    training = producer.read(options.train)
    candidates = [candidate([run], training) for run in runs.values()]
    if len(options.seeds) > 1:
        for name in AVERAGED:
            same = [run for job, run in runs.items() if job.config == name]
            candidates.append(candidate(same, training))
    domains, computed = prepared(
        Files((), *files), candidates[0].model, cuts.DetectorLimits(), Settings()
    )
    everyone = [*candidates, *computed]
    judged = {each.name: judge_candidates(everyone, [each], Settings(), print) for each in domains}
    compared = {name: compare(found) for name, found in judged.items()}
    inputs = (options.train, options.sample, options.shifted)
    rows = {name: results(judged[name], compared[name]) for name in judged}
    record = {
        "seeds": options.seeds,
        "settings": options.set,
        "data": {
            name: {"file": path.name, "sha256": sha256(path)}
            for name, path in zip(("training", "sample", "shifted"), inputs, strict=True)
        },
        "trained_at": trained_at(jobs, plan),
        **provenance("torch", "lightgbm", "numpy", "onnxruntime"),
        "acceptance": acceptance(rows["simulation"]),
        "results": rows,
    }
    write(options.out, record, judged, compared)


def write(
    out: Path,
    record: dict[str, Any],
    judged: dict[str, tuple[Judgement, ...]],
    compared: dict[str, Comparison],
) -> None:
    """JSON with everything, and two pages of Markdown."""
    said = caption(record, judged["simulation"])
    write_text(out / "pid_classifiers.json", json.dumps(record) + "\n")
    first = [*table(compared["simulation"], "F1"), ""]
    first += [*overview(compared["simulation"], record["results"]["simulation"]), "", said]
    write_text(out / "pid_classifiers.md", "\n".join(first) + "\n")
    more = []
    for name, found in compared.items():
        more += [f"## {name.capitalize()}", ""]
        for quantity in QUANTITIES:
            more += [*table(found, quantity), ""]
    write_text(out / "pid_classifiers_species.md", "\n".join([*more, said]) + "\n")
    print("\n".join(first))
    print(json.dumps(record["acceptance"], indent=1))


if __name__ == "__main__":
    main()
