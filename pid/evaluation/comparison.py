"""Several classifiers on one sample: every number with its spread over the seeds of training.

Axis key: S seeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from pid.evaluation.judgement import Judgement, TargetJudgement
from pid.species import TARGETS

Quantity = Callable[[TargetJudgement], float | None]
QUANTITIES: dict[str, Quantity] = {
    "F1": lambda found: found.rates.f1.value,
    "purity": lambda found: found.rates.purity.value,
    "efficiency": lambda found: found.rates.efficiency.value,
    "ROC AUC": lambda found: found.roc_auc,
    "average precision": lambda found: found.average_precision,
    "log-loss": lambda found: found.probabilities.log_loss if found.probabilities else None,
    "calibration error": lambda found: (
        found.probabilities.calibration_error if found.probabilities else None
    ),
}
"""What classifiers are compared by; the last two exist for probabilities alone."""


@dataclass(frozen=True)
class OverSeeds:
    """A number of one classifier and one species.

    Arguments:
        mean: Over the seeds; None if it does not exist.
        spread: Standard deviation over the seeds; None of a single one.
        low: Lower end of the binomial interval of the first seed, for rates.
        high: Its upper end.
        seeds: S.
    """

    mean: float | None
    spread: float | None
    low: float | None
    high: float | None
    seeds: int


@dataclass(frozen=True)
class Row:
    """One classifier.

    Arguments:
        name: Of the classifier.
        targets: By PDG code and name of the quantity.
    """

    name: str
    targets: dict[int, dict[str, OverSeeds]]


@dataclass(frozen=True)
class Comparison:
    """All classifiers of a sample, in the order in which they came."""

    rows: tuple[Row, ...]
    targets: tuple[int, ...]

    def best(self, pdg: int, quantity: str) -> str | None:
        """Name of the classifier with the largest (losses and errors: smallest) mean."""
        sign = -1 if quantity in ("log-loss", "calibration error") else 1
        found = {
            row.name: sign * value
            for row in self.rows
            if pdg in row.targets and (value := row.targets[pdg][quantity].mean) is not None
        }
        return max(found, key=found.__getitem__) if found else None


def compare(judgements: Sequence[Judgement]) -> Comparison:
    """Judgements of one sample, those of equal name taken as seeds of one classifier.

    Raises:
        ValueError: If there are none, or they were made on different samples or settings.
    """
    if not judgements:
        raise ValueError("there is no judgement to compare")
    first = judgements[0]
    for other in judgements:
        one, two = first.sample, other.sample
        alike = (one.domain, one.tracks) == (two.domain, two.tracks)
        if not alike or other.settings != first.settings:
            raise ValueError(
                f"{first.name} and {other.name} were judged on different samples or with different "
                "settings; judge them together"
            )
    names = dict.fromkeys(judgement.name for judgement in judgements)
    rows = [_row(name, [each for each in judgements if each.name == name]) for name in names]
    found = {target.pdg for judgement in judgements for target in judgement.targets}
    return Comparison(tuple(rows), tuple(pdg for pdg in TARGETS if pdg in found))


def mean_over_species(row: Row, quantity: str) -> float | None:
    """Mean of a quantity over the row's species, all with equal weight; None if one has none."""
    found = [numbers[quantity].mean for numbers in row.targets.values()]
    known = [value for value in found if value is not None]
    return fmean(known) if found and len(known) == len(found) else None


def _row(name: str, seeds: Sequence[Judgement]) -> Row:
    targets = {}
    for target in seeds[0].targets:
        same = [found for each in seeds if (found := each.target(target.pdg)) is not None]
        targets[target.pdg] = {
            quantity: _over_seeds(quantity, [value(each) for each in same], same[0])
            for quantity, value in QUANTITIES.items()
        }
    return Row(name, targets)


def _over_seeds(quantity: str, values: list[float | None], first: TargetJudgement) -> OverSeeds:
    known = [value for value in values if value is not None]
    share = {
        "F1": first.rates.f1,
        "purity": first.rates.purity,
        "efficiency": first.rates.efficiency,
    }.get(quantity)
    return OverSeeds(
        mean=fmean(known) if known else None,
        spread=stdev(known) if len(known) > 1 else None,
        low=share.low if share else None,
        high=share.high if share else None,
        seeds=len(known),
    )
