"""What adapting to unlabelled data is worth, judged by the hidden truth of the shifted sample.

pid simulate --tracks 500000 --seed 11 --out runs/pid_training.root
pid simulate configs/pid/simulate_shifted.yaml --tracks 100000 --seed 12 --table data \
    --truth runs/pid_target_truth.root --out runs/pid_target.root
python benchmarks/pid_adaptation.py --set training.steps=1500 training.batch=2048

Source-only, DANN, CDAN and deep CORAL are the same network with the same settings and seeds; the
correction of abundances acts on the scores of source-only. Adaptation sees runs/pid_target.root
without truth; judged are other collisions, data/pid_shifted.root.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pid_runs import ADAPTED, Job, Plan, only_trained, parser, run_folders, trained_at

from detcore.files import sha256, write_text
from detcore.provenance import provenance
from detcore.wording import with_error
from pid import cuts
from pid.adaptation.label_shift import black_box, corrected, expectation_maximisation
from pid.evaluation.campaign import Candidate, Domain, Files, judge_candidates, prepared
from pid.evaluation.comparison import QUANTITIES, compare, mean_over_species
from pid.evaluation.domain import domain_auc
from pid.evaluation.judgement import Judgement, judge
from pid.evaluation.samples import split_of
from pid.evaluation.settings import Settings
from pid.evaluation.tagged import check
from pid.evaluation.wording import by_domain
from pid.export.candidate import candidate
from pid.io import producer
from pid.models.charge import by_charge
from pid.species import CLASSES, TARGETS, class_of
from pid.tracks import Tracks
from pid.training import load_trained
from pid.working_point import WorkingPoint, momentum_of, working_point

SOURCE_ONLY = "feature_set_multiclass"
NAMES = {SOURCE_ONLY: "source only", "dann": "DANN", "cdan": "CDAN", "coral": "deep CORAL"}
LABEL_SHIFT = "source only, abundances corrected"
Array = NDArray[np.float64]


def class_shares(source: Candidate, tracks: Tracks) -> Array:
    """Shares of the four classes from signed scores, of which one charge is 0, shape (N, 4)."""
    found = source.score(tracks).astype(np.float64)
    columns = [
        found[:, TARGETS.index(each.pdg)] + found[:, TARGETS.index(-each.pdg)] for each in CLASSES
    ]
    return np.stack(columns, axis=1)


def abundances(tracks: Tracks) -> Array:
    """True shares of the four classes, shape (4,)."""
    kind = class_of(tracks.truth())
    counts = np.bincount(kind[kind >= 0], minlength=len(CLASSES))
    return np.asarray(counts / counts.sum())


class LabelShift:
    """The correction of abundances for one source-only classifier.

    Arguments:
        candidate: The classifier, source only.
        validation: Labelled tracks of the source.
        target: Tracks of the data, without truth.
    """

    def __init__(self, candidate: Candidate, validation: Tracks, target: Tracks) -> None:
        self.candidate = candidate
        self.source = abundances(validation)
        seen, theirs = class_shares(candidate, validation), class_shares(candidate, target)
        self.target = expectation_maximisation(theirs, self.source)
        kind = class_of(validation.truth())
        self.black_box = black_box(seen[kind >= 0], kind[kind >= 0], theirs)
        self.points = self._working_points(validation, kind)

    def scores(self, tracks: Tracks) -> Array:
        """Scores of the targets at the estimated abundances, shape (N, 8)."""
        shares = corrected(class_shares(self.candidate, tracks), self.source, self.target)
        return np.asarray(by_charge(shares, tracks.column("fSign")), np.float64)

    def _working_points(
        self, validation: Tracks, kind: NDArray[np.int64]
    ) -> dict[int, WorkingPoint]:
        """Thresholds on source tracks drawn again with the estimated abundances."""
        weight = np.where(kind >= 0, (self.target / self.source)[kind], 1.0)
        rng = np.random.default_rng(1)
        rows = rng.choice(len(validation), len(validation), p=weight / weight.sum())
        drawn = validation.select(rows)
        found, pt, truth = self.scores(drawn), momentum_of(drawn, "pt"), drawn.truth()
        edges = Settings().pt_edges
        return {
            pdg: working_point(found[:, place], truth == pdg, pt, edges)
            for place, pdg in enumerate(TARGETS)
        }


def truthless(classifier: Candidate, simulation: Tracks, shifted: Tracks) -> list[dict[str, Any]]:
    """The check on tagged tracks, which needs no truth."""
    sides = [(tracks, classifier.score(tracks)) for tracks in (simulation, shifted)]
    return [asdict(each) for each in check(sides[0], sides[1], classifier.working_points)]


def embedding_auc(run: Path, simulation: Tracks, shifted: Tracks) -> float:
    """AUC of a judge that tells the domains apart by the embedding."""
    trained = load_trained(run)
    return domain_auc(trained.embed(simulation), trained.embed(shifted)).value


def summary(judged: Sequence[Judgement]) -> dict[str, Any]:
    """Means over species of each seed, their mean and spread; and every species."""
    found = compare(judged)
    (row,) = found.rows
    singles = {
        name: [mean_over_species(compare([each]).rows[0], name) for each in judged]
        for name in QUANTITIES
    }
    return {
        "mean over species": {name: spread(values) for name, values in singles.items()},
        "species": {
            pdg: {name: asdict(number) for name, number in numbers.items()}
            for pdg, numbers in row.targets.items()
        },
    }


def spread(values: Sequence[float | None]) -> dict[str, Any]:
    """Mean, standard deviation and the single values."""
    known = [value for value in values if value is not None]
    return {
        "mean": fmean(known) if known else None,
        "spread": stdev(known) if len(known) > 1 else None,
        "single": list(values),
    }


def text(number: dict[str, Any]) -> str:
    """Mean ± spread."""
    if number["mean"] is None:
        return "-"
    if number["spread"] is None:
        return f"{number['mean']:.4f}"
    return with_error(number["mean"], number["spread"])


def tagged_gap(checks: Sequence[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """Mean over pi, K, p of |selected share in simulation - in data| of tagged tracks, by seed."""
    gaps = []
    for each in checks:
        hadrons = [found for found in each if abs(found["pdg"]) != 11]
        gaps.append(
            fmean(
                abs(h["simulation"]["value"] - h["data"]["value"])
                for h in hadrons
                if h["data"]["value"] is not None
            )
        )
    return spread(gaps)


def table(rows: dict[str, Any]) -> list[str]:
    """The main numbers in Markdown."""
    lines = [
        "| | seeds | F1, shifted | minus source only | log-loss, shifted | F1, simulation | "
        "domain AUC, scores | domain AUC, embedding | tagged gap |",
        "|---" * 9 + "|",
    ]
    base = rows["source only"]["shifted"]["mean over species"]["F1"]["single"]
    for name, row in rows.items():
        means = row["shifted"]["mean over species"]
        single = means["F1"]["single"]
        trained = name in (*NAMES.values(), LABEL_SHIFT)
        seeds = str(len(single)) if trained else "-"
        pairs = zip(single, base, strict=False) if trained else [(single[0], fmean(base))]
        gain = spread([None] if name == "source only" else [a - b for a, b in pairs])
        cells = (
            seeds, text(means["F1"]), text(gain), text(means["log-loss"]),
            text(row["simulation"]["mean over species"]["F1"]) if "simulation" in row else "-",
            text(row["scores"]), text(row["embedding"]), text(row["gap"]),
        )  # fmt: skip
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    made = parser(__doc__.splitlines()[0], "runs/pid-adaptation")
    made.add_argument("--target", type=Path, default=Path("runs/pid_target.root"))
    options = made.parse_args()
    plan = Plan(options.runs, options.train, options.target, tuple(options.set))
    by_config = {
        name: [Job(name, seed) for seed in options.seeds] for name in (SOURCE_ONLY, *ADAPTED)
    }
    if options.only_trained:
        by_config = {name: only_trained(found, plan) for name, found in by_config.items()}
    jobs = [job for found in by_config.values() for job in found]
    runs = dict(zip(jobs, run_folders(jobs, plan, options.parallel), strict=True))
    training = producer.read(options.train)
    candidates = {job: candidate([run], training) for job, run in runs.items()}
    model = next(iter(candidates.values())).model
    files = Files((), options.sample, options.shifted, options.shifted_truth)
    limits = cuts.DetectorLimits()
    domains, computed = prepared(files, model, limits, Settings())
    shifted = domains[1].tracks
    everyone = [*candidates.values(), *computed]
    judged = by_domain(judge_candidates(everyone, domains, Settings(), print))
    rows: dict[str, Any] = {
        NAMES[config]: method(own, candidates, runs, judged, domains)
        for config, own in by_config.items()
    }
    validation = cuts.apply(training.select(split_of(training, model).validation), limits)
    target = cuts.apply(producer.read(options.target, truth=False), limits)
    corrections = [
        LabelShift(candidates[job], validation, target) for job in by_config[SOURCE_ONLY]
    ]
    rows[LABEL_SHIFT] = label_shift(corrections, shifted)
    for name in ("n-sigma", "Bayesian"):
        own = [each for each in judged["shifted"] if each.name == name]
        same = [each for each in judged["simulation"] if each.name == name]
        auc = [each.domain.value for each in own if each.domain]
        rows[name] = {"shifted": summary(own), "simulation": summary(same), "scores": spread(auc)}
        rows[name] |= {"embedding": spread([]), "gap": spread([])}
    record = {
        "seeds": options.seeds,
        "settings": options.set,
        "data": {
            path.name: sha256(path)
            for path in (options.train, options.target, options.sample, options.shifted)
        },
        "trained_at": trained_at(jobs, plan),
        **provenance("torch", "numpy", "onnxruntime", "scikit-learn"),
        "true abundances of the shifted sample": abundances(shifted).tolist(),
        "results": rows,
    }
    write_text(options.out / "pid_adaptation.json", json.dumps(record, indent=1) + "\n")
    page = "\n".join([*table(rows), "", caption(record, len(shifted))]) + "\n"
    write_text(options.out / "pid_adaptation.md", page)
    print(page)


def method(
    jobs: Sequence[Job],
    candidates: dict[Job, Candidate],
    runs: dict[Job, Path],
    judged: dict[str, tuple[Judgement, ...]],
    domains: Sequence[Domain],
) -> dict[str, Any]:
    """All numbers of one method over its seeds."""
    simulation, shifted = (domain.tracks for domain in domains)
    name = candidates[jobs[0]].name
    own = {
        domain: [each for each in found if each.name == name] for domain, found in judged.items()
    }
    checks = [truthless(candidates[job], simulation, shifted) for job in jobs]
    return {
        **{domain: summary(found) for domain, found in own.items()},
        "scores": spread([each.domain.value for each in own["shifted"] if each.domain]),
        "embedding": spread([embedding_auc(runs[job], simulation, shifted) for job in jobs]),
        "tagged": checks,
        "gap": tagged_gap(checks),
    }


def label_shift(corrections: Sequence[LabelShift], shifted: Tracks) -> dict[str, Any]:
    """The corrected scores, judged as the others."""
    judged = []
    for each in corrections:
        values = each.scores(shifted)
        judged.append(
            judge(
                LABEL_SHIFT,
                shifted,
                values,
                each.points,
                sample="shifted",
                seed=each.candidate.seed,
            )
        )
    return {
        "shifted": summary(judged),
        "scores": spread([]),
        "embedding": spread([]),
        "gap": spread([]),
        "abundances": {
            "source": corrections[0].source.tolist(),
            "expectation maximisation": [each.target.tolist() for each in corrections],
            "black box": [each.black_box.tolist() for each in corrections],
        },
    }


def caption(record: dict[str, Any], tracks: int) -> str:
    """What the numbers are and how they came about."""
    return (
        f"Means over the eight species, {tracks:,} shifted tracks whose truth only judges; mean "
        "and spread over so many seeds, differences seed by seed (cuts: to the mean). "
        "Domain AUC: 0.5 if simulation and shifted sample cannot be told apart. Tagged gap: how "
        "much the selected share of n-sigma-tagged tracks differs between the domains, without "
        "truth, mean over pi, K and p. "
        f"Settings of every network: {', '.join(record['settings']) or 'as in configs/pid'}. "
        f"Parametric detector. Trained at commit {', '.join(record['trained_at'])}, "
        f"{record['machine']}. Made by `python benchmarks/pid_adaptation.py`."
    )


if __name__ == "__main__":
    main()
