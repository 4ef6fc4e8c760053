"""Many classifiers on the same tracks, simulation and shifted sample.

Bundles are scored through ONNX Runtime, as O2Physics would; no torch.

Axis key: N tracks, T targets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detcore.files import sha256
from pid import cuts
from pid.columns import MODEL
from pid.evaluation.baselines import Baseline, baselines
from pid.evaluation.domain import DomainAuc, domain_auc
from pid.evaluation.judgement import Judgement, judge
from pid.evaluation.samples import (
    DIVISION,
    PROVENANCE,
    digest,
    divided,
    first_run,
    held_out,
    trained_on,
)
from pid.evaluation.seeds import names
from pid.evaluation.settings import Settings
from pid.features46 import FEATURES46
from pid.io import producer
from pid.io.bundle import Bundle, read_bundle
from pid.scoring import score
from pid.tracks import Tracks
from pid.working_point import WorkingPoint

SHIFTED = "shifted"
SIMULATION = "simulation"


@dataclass(frozen=True)
class Files:
    """What is judged on what.

    Arguments:
        bundles: Folders.
        simulation: Labelled tracks.
        shifted: Tracks that play real data; None: simulation alone.
        shifted_truth: Their truth, kept apart.
    """

    bundles: tuple[Path, ...]
    simulation: Path
    shifted: Path | None = None
    shifted_truth: Path | None = None


@dataclass(frozen=True)
class Candidate:
    """A classifier as the judge sees it.

    Arguments:
        name: As tables show it; of equal name are seeds of one classifier.
        probabilistic: Whether its scores are probabilities.
        score: Of tracks after the limits on p, shape (N, T).
        working_points: Thresholds by PDG code, in the order of the scores.
        seed: Of its training.
        model: What it says of itself.
    """

    name: str
    probabilistic: bool
    score: Callable[[Tracks], NDArray[np.floating]]
    working_points: Mapping[int, WorkingPoint]
    seed: int | None
    model: Mapping[str, Any]


@dataclass(frozen=True)
class Domain:
    """A sample as it is judged.

    Arguments:
        name: Of the sample.
        tracks: After the limits on p, with truth.
        held_out: Why none of them trained, in words.
    """

    name: str
    tracks: Tracks
    held_out: str


def judge_all(
    files: Files,
    settings: Settings | None = None,
    with_baselines: bool = True,
    stage: Callable[[str], None] = lambda _: None,
) -> tuple[Judgement, ...]:
    """Judge every bundle, and n-sigma and Bayesian cuts, on every sample.

    Arguments:
        files: See there.
        settings: Of the judgement.
        with_baselines: Whether to judge the cuts too.
        stage: Hears what is being done, once for each judgement.

    Returns:
        Of the simulation first, then of the shifted sample, in the order of the bundles. Equal
        names are seeds of one classifier, see `pid.evaluation.seeds.names`.

    Raises:
        ValueError: If a file does not fit, a bundle is named twice, or bundles have other limits or
            training samples.
    """
    chosen = settings or Settings()
    opened = [read_bundle(path) for path in files.bundles]
    _check(opened)
    limits = opened[0].limits if opened else cuts.DetectorLimits()
    manifest = opened[0].manifest if opened else {}
    columns = dict.fromkeys([*MODEL, *(name for bundle in opened for name in bundle.columns)])
    domains, computed = prepared(files, manifest, limits, chosen, with_baselines, tuple(columns))
    named = zip(opened, names(opened), strict=True)
    candidates = [*(_candidate(bundle, name) for bundle, name in named), *computed]
    return judge_candidates(candidates, domains, chosen, stage)


def prepared(
    files: Files,
    manifest: Mapping[str, Any],
    limits: cuts.DetectorLimits,
    settings: Settings,
    with_baselines: bool = True,
    columns: tuple[str, ...] = MODEL,
) -> tuple[list[Domain], list[Candidate]]:
    """The samples as they are judged, and the n-sigma and Bayesian cuts.

    The cuts' abundances and thresholds come from tracks of the simulation that nothing is judged
    on.

    Arguments:
        files: The samples.
        manifest: Of a bundle, or alike; says what it was trained on.
        limits: On p for TOF and TRD.
        settings: Of the judgement.
        with_baselines: Whether the cuts are wanted.
        columns: Of the tracks: those of the models and all that a candidate has beyond them.

    Raises:
        ValueError: If a file does not fit, or may hold collisions of the training.
    """
    simulation, computed = producer.read(files.simulation, columns), []
    held = None if digest(manifest) is None else sha256(files.simulation)
    if with_baselines:
        division = divided(simulation, manifest, held)
        priors, fitted = (
            cuts.apply(part, limits) for part in (division.priors, division.validation)
        )
        computed = [_computed(each) for each in baselines(priors, fitted, settings.pt_edges)]
        judged, words = division.judged, division.held_out
    else:
        judged, words = held_out(simulation, manifest, held)
    domains = [Domain(SIMULATION, cuts.apply(judged, limits), words)]
    if files.shifted is not None:
        shifted = _shifted(files.shifted, files.shifted_truth, manifest, columns)
        words = "all tracks; no truth of them was used"
        domains.append(Domain(SHIFTED, cuts.apply(shifted, limits), words))
    return domains, computed


def judge_candidates(
    candidates: Sequence[Candidate],
    domains: Sequence[Domain],
    settings: Settings,
    stage: Callable[[str], None] = lambda _: None,
) -> tuple[Judgement, ...]:
    """Judge all candidates on all samples; with two samples a domain AUC is given.

    Returns:
        Sample by sample, in the order of the candidates.
    """
    by_domain: list[list[Judgement]] = [[] for _ in domains]
    for candidate in candidates:
        scores = [candidate.score(domain.tracks) for domain in domains]
        apart = domain_auc(scores[0], scores[1]) if len(scores) == 2 else None
        for found, domain, values in zip(by_domain, domains, scores, strict=True):
            stage(f"{candidate.name}, {domain.name}")
            found.append(_judged(candidate, domain, values, settings, apart))
    return tuple(judgement for found in by_domain for judgement in found)


def _judged(
    candidate: Candidate,
    domain: Domain,
    values: NDArray[np.floating],
    settings: Settings,
    apart: DomainAuc | None,
) -> Judgement:
    return judge(
        candidate.name,
        domain.tracks,
        values,
        candidate.working_points,
        settings,
        sample=domain.name,
        held_out=domain.held_out,
        probabilistic=candidate.probabilistic,
        seed=candidate.seed,
        domain=apart,
        model=candidate.model,
    )


def _candidate(bundle: Bundle, name: str) -> Candidate:
    return Candidate(
        name=name,
        probabilistic=True,
        score=lambda tracks: score(bundle, tracks),
        working_points={pdg: bundle.working_points.bins[pdg] for pdg in bundle.targets},
        seed=bundle.seed,
        model={"bundle": str(bundle.path), "sha256": bundle.sha256, **bundle.manifest},
    )


def _computed(baseline: Baseline) -> Candidate:
    return Candidate(
        name=baseline.name,
        probabilistic=baseline.probabilistic,
        score=baseline.score,
        working_points=baseline.working_points,
        seed=None,
        model={},
    )


def _shifted(
    path: Path, truth: Path | None, manifest: Mapping[str, Any], columns: tuple[str, ...]
) -> Tracks:
    if truth is None:
        raise ValueError(f"{path} is judged by a truth kept apart; name its file")
    tracks = producer.read_truth(truth, producer.read(path, columns, truth=False))
    held = None if digest(manifest) is None else sha256(path)
    if trained_on(tracks, manifest, held):
        raise ValueError(f"{path} is the training sample; judge another one as shifted")
    return tracks


def _check(opened: Sequence[Bundle]) -> None:
    """Refuse bundles that cannot be judged on the same tracks.

    Raises:
        ValueError: If limits, training samples or columns do not allow it.
    """
    names46 = {feature.name for feature in FEATURES46}
    for bundle in opened:
        if set(bundle.columns) <= names46:
            raise ValueError(
                f"{bundle.path} takes the 46 floats of pid_features, which the producer's tables "
                "do not hold; score tracks of pid.io.pid_features with pid.scoring"
            )
        first = opened[0]
        if bundle.limits != first.limits:
            raise ValueError(
                f"{first.path} and {bundle.path} use the detectors from different momenta; judge "
                "them one at a time"
            )
        if not _divided_alike(bundle, first):
            raise ValueError(
                f"{first.path} and {bundle.path} were trained on different samples or splits; "
                "judge them one at a time"
            )


def _divided_alike(one: Bundle, other: Bundle) -> bool:
    """Whether two bundles have seen the same tracks."""
    runs = [first_run(bundle.manifest) for bundle in (one, other)]
    divisions = [
        (settings["data"]["validation"], settings["data"]["test"], settings["split_seed"])
        for settings in (run.get("settings", DIVISION) for run in runs)
    ]
    if divisions[0] != divisions[1]:
        return False
    first, second = (digest(bundle.manifest) for bundle in (one, other))
    if None not in (first, second) and first == second:
        return True
    origins = [run.get("data", {}).get(PROVENANCE) or {} for run in runs]
    # A name alone does not tell one file of others from another whose digest differs.
    telling = bool(origins[0].get(PROVENANCE)) or None in (first, second)
    return telling and origins[0] == origins[1]
