"""Scores judged against the truth, target by target.

Axis key: N tracks, T targets, K points of a curve.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from detcore.files import write_text
from detcore.provenance import provenance
from pid.calibration import reliability
from pid.evaluation.domain import DomainAuc
from pid.evaluation.probabilities import Probabilities, probabilities
from pid.evaluation.ranking import average_precision, roc_auc, thinned
from pid.evaluation.rates import Rates, rates
from pid.evaluation.settings import Settings
from pid.patterns import PATTERNS
from pid.tracks import Tracks
from pid.working_point import WorkingPoint, bin_of, curve, momentum_of

DEPENDENCIES = ("numpy", "uproot", "onnxruntime")


@dataclass(frozen=True)
class Bin:
    """A selection in one bin of momentum, GeV/c."""

    low: float
    high: float
    rates: Rates


@dataclass(frozen=True)
class Curves:
    """Points of the curves of one target, for figures; each list has its own length.

    Arguments:
        false_rate: Share of selected background, against `efficiency` the ROC curve.
        efficiency: Of the same points.
        purity: Of the same points.
        probability: Mean score of every bin of the calibration; empty if scores are none.
        came_true: Share of the species in the same bins.
        tracks: Their number in the same bins.
    """

    false_rate: tuple[float, ...]
    efficiency: tuple[float, ...]
    purity: tuple[float, ...]
    probability: tuple[float, ...]
    came_true: tuple[float, ...]
    tracks: tuple[int, ...]


@dataclass(frozen=True)
class TargetJudgement:
    """All numbers of one species.

    Arguments:
        pdg: Its PDG code.
        signal: Its tracks in the sample.
        rates: Of the selection at its working point.
        by_p: The same in bins of p.
        by_pt: The same in bins of pT.
        by_pattern: The same by pattern of detectors.
        roc_auc: Area under the ROC curve.
        average_precision: Area under the purity-efficiency curve.
        probabilities: Log-loss, Brier score and calibration error; None if the score is none.
        curves: For figures.
        working_point: Thresholds, chosen on validation tracks.
    """

    pdg: int
    signal: int
    rates: Rates
    by_p: tuple[Bin, ...]
    by_pt: tuple[Bin, ...]
    by_pattern: dict[str, Rates]
    roc_auc: float | None
    average_precision: float | None
    probabilities: Probabilities | None
    curves: Curves
    working_point: WorkingPoint


@dataclass(frozen=True)
class Sample:
    """What was judged.

    Arguments:
        domain: Name of the sample.
        held_out: Why none of its tracks trained the classifier, in words.
        tracks: Their number.
        patterns: Share of every pattern of detectors, after the limits on p.
        species: Tracks of every target's PDG code, and of all others together.
        provenance: As the file says.
    """

    domain: str
    held_out: str
    tracks: int
    patterns: dict[str, float]
    species: dict[str, int]
    provenance: dict[str, str]


@dataclass(frozen=True)
class Judgement:
    """The judgement of one classifier on one sample; serialises to JSON and back.

    Arguments:
        name: Of the classifier.
        seed: Of its training; None if it has none.
        sample: What was judged.
        targets: In the order of the scores.
        settings: The choices all this depends on.
        domain: Against another sample, if one was given.
        model: Manifest of the bundle.
        provenance: Commit, versions and machine of this judgement.
    """

    name: str
    seed: int | None
    sample: Sample
    targets: tuple[TargetJudgement, ...]
    settings: Settings
    domain: DomainAuc | None = None
    model: dict[str, object] = field(default_factory=dict)
    provenance: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> str:
        """The judgement as JSON; a number that does not exist is null."""
        return TypeAdapter(Judgement).dump_json(self, indent=1).decode() + "\n"

    def target(self, pdg: int) -> TargetJudgement | None:
        """The judgement of one species, None if the classifier has no score for it."""
        return next((found for found in self.targets if found.pdg == pdg), None)


def from_json(text: str) -> Judgement:
    """The judgement that `Judgement.to_json` wrote.

    Raises:
        ValueError: If the text is not a judgement.
    """
    return TypeAdapter(Judgement).validate_json(text)


def write_json(path: Path, judgements: tuple[Judgement, ...]) -> None:
    """Write judgements as one JSON list."""
    found = TypeAdapter(tuple[Judgement, ...]).dump_json(judgements, indent=1).decode()
    write_text(path, found + "\n")


def judge(
    name: str,
    tracks: Tracks,
    scores: NDArray[np.floating],
    working_points: Mapping[int, WorkingPoint],
    settings: Settings | None = None,
    *,
    sample: str = "simulation",
    held_out: str = "not stated",
    probabilistic: bool = True,
    seed: int | None = None,
    domain: DomainAuc | None = None,
    model: Mapping[str, object] | None = None,
) -> Judgement:
    """Judge the scores of one classifier.

    Arguments:
        name: Of the classifier.
        tracks: Test tracks with truth, after the limits on p; no track that trained or validated.
        scores: Shape (N, T).
        working_points: Thresholds by PDG code, T of them in the order of the scores.
        settings: What to report and how.
        sample: Name of the sample.
        held_out: Why none of the tracks trained the classifier, in words.
        probabilistic: Whether the scores are probabilities.
        seed: Of the training.
        domain: Copied into the result.
        model: Manifest, copied into the result.

    Raises:
        ValueError: If there are no tracks, no truth, or the scores have another shape.
    """
    chosen = settings or Settings()
    if scores.shape != (len(tracks), len(working_points)) or not len(tracks):
        raise ValueError(
            f"{len(tracks)} tracks and {len(working_points)} working points need scores of that "
            f"shape and one track at least; got {scores.shape}"
        )
    judged, values = _kept(tracks, scores, chosen)
    return Judgement(
        name=name,
        seed=seed,
        sample=_sample(judged, tuple(working_points), sample, held_out),
        targets=tuple(
            judge_target(judged, values[:, t], pdg, point, chosen, probabilistic)
            for t, (pdg, point) in enumerate(working_points.items())
        ),
        settings=chosen,
        domain=domain,
        model=dict(model or {}),
        provenance=provenance(*DEPENDENCIES),
    )


def judge_target(
    tracks: Tracks,
    score: NDArray[np.floating],
    pdg: int,
    point: WorkingPoint,
    settings: Settings,
    probabilistic: bool = True,
) -> TargetJudgement:
    """Judge one score (N,) at its working point."""
    truth = tracks.truth() == pdg
    p, pt = momentum_of(tracks, "p"), momentum_of(tracks, "pt")
    selected = point.select(score, pt if point.momentum == "pt" else p)
    found, pattern = curve(score, truth), tracks.pattern()
    return TargetJudgement(
        pdg=pdg,
        signal=int(truth.sum()),
        rates=rates(selected, truth, settings.interval),
        by_p=_bins(selected, truth, p, settings.p_edges, settings),
        by_pt=_bins(selected, truth, pt, settings.pt_edges, settings),
        by_pattern={
            text: rates(selected[pattern == bits], truth[pattern == bits], settings.interval)
            for bits, text in PATTERNS.items()
        },
        roc_auc=roc_auc(found),
        average_precision=average_precision(found),
        probabilities=probabilities(
            score, truth, settings.calibration_bins, settings.calibration_by
        )
        if probabilistic
        else None,
        curves=_curves(score, truth, settings, probabilistic),
        working_point=point,
    )


def _kept(
    tracks: Tracks, scores: NDArray[np.floating], settings: Settings
) -> tuple[Tracks, NDArray[np.floating]]:
    if settings.kept == "all":
        return tracks, scores
    if tracks.primary is None:
        raise ValueError("the sample does not tell which tracks are primaries; judge all tracks")
    return tracks.select(tracks.primary), scores[tracks.primary]


def _bins(
    selected: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    momentum: NDArray[np.floating],
    edges: tuple[float, ...],
    settings: Settings,
) -> tuple[Bin, ...]:
    """Rates in every bin; the end bins hold what lies outside the edges."""
    where = bin_of(momentum, edges)
    return tuple(
        Bin(low, high, rates(selected[where == i], truth[where == i], settings.interval))
        for i, (low, high) in enumerate(pairwise(edges))
    )


def _curves(
    score: NDArray[np.floating],
    truth: NDArray[np.bool_],
    settings: Settings,
    probabilistic: bool,
) -> Curves:
    found = curve(score, truth)
    points = thinned(found)
    mean, share, tracks = reliability(
        score, truth, settings.calibration_bins, settings.calibration_by
    )
    defined = 0 < found.signal < found.tracks
    return Curves(
        false_rate=_tuple(found.false_rate[points]) if defined else (),
        efficiency=_tuple(found.efficiency[points]) if defined else (),
        purity=_tuple(found.purity[points]) if defined else (),
        probability=_tuple(mean) if probabilistic else (),
        came_true=_tuple(share) if probabilistic else (),
        tracks=tuple(tracks.tolist()) if probabilistic else (),
    )


def _tuple(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)


def _sample(tracks: Tracks, targets: tuple[int, ...], name: str, held_out: str) -> Sample:
    truth, pattern = tracks.truth(), tracks.pattern()
    species = {str(pdg): int((truth == pdg).sum()) for pdg in targets}
    shares = {text: float((pattern == bits).mean()) for bits, text in PATTERNS.items()}
    return Sample(
        domain=name,
        held_out=held_out,
        tracks=len(tracks),
        patterns=shares,
        species={**species, "others": len(tracks) - sum(species.values())},
        provenance=dict(tracks.provenance),
    )
