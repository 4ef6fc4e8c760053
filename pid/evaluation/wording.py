"""Numbers and names of a judgement in words, for the report and the screen."""

from collections.abc import Sequence
from typing import Final

from detcore.wording import ABSENT, decimals, with_error
from pid.evaluation.comparison import Comparison, OverSeeds, Row, mean_over_species
from pid.evaluation.intervals import Share
from pid.evaluation.judgement import Judgement

NAMES: Final = {
    211: "π+", 321: "K+", 2212: "p", 11: "e-",
    -211: "π-", -321: "K-", -2212: "p̄", -11: "e+",
}  # fmt: skip
DIGITS: Final = 4


def species_name(pdg: int) -> str:
    """A species as tables name it; the code of one that has no name."""
    return NAMES.get(pdg, str(pdg))


def share_text(found: Share) -> str:
    """A share with half its interval."""
    if found.value is None or found.low is None or found.high is None:
        return ABSENT
    return with_error(found.value, 0.5 * (found.high - found.low))


def over_seeds_text(found: OverSeeds) -> str:
    """Mean ± spread over seeds; of a single seed ± half the binomial interval, if it has one."""
    if found.mean is None:
        return ABSENT
    if found.spread is not None:
        return with_error(found.mean, found.spread)
    if found.low is None or found.high is None:
        return f"{found.mean:.{DIGITS}f}"
    return with_error(found.mean, 0.5 * (found.high - found.low))


def by_domain(judgements: Sequence[Judgement]) -> dict[str, tuple[Judgement, ...]]:
    """Judgements by the name of their sample, in the order in which they came."""
    names = dict.fromkeys(judgement.sample.domain for judgement in judgements)
    return {
        name: tuple(each for each in judgements if each.sample.domain == name) for name in names
    }


def brief(found: OverSeeds) -> str:
    """As `over_seeds_text`, in parentheses the error of the last digits: 0.762(9)."""
    if found.mean is None:
        return ABSENT
    error = found.spread
    if error is None and found.low is not None and found.high is not None:
        error = 0.5 * (found.high - found.low)
    if not error:
        return f"{found.mean:.{DIGITS}f}"
    places = max(decimals(error, 1), 1)
    return f"{found.mean:.{places}f}({error * 10**places:.0f})"


def species_rows(found: Comparison, quantity: str) -> list[tuple[str, ...]]:
    """A row for each species, a column for each classifier."""
    return [
        (
            species_name(pdg),
            *(brief(row.targets[pdg][quantity]) if pdg in row.targets else ABSENT
              for row in found.rows),
        )
        for pdg in found.targets
    ]  # fmt: skip


def mean_rows(
    found: Comparison, judgements: Sequence[Judgement], quantities: Sequence[str]
) -> list[tuple[str, ...]]:
    """A row for each quantity, its mean over species; then domain AUC (first seed) and seeds."""
    rows = [(quantity, *(_mean(row, quantity) for row in found.rows)) for quantity in quantities]
    rows.append(("domain AUC", *(_domain(row.name, judgements) for row in found.rows)))
    rows.append(("seeds", *(str(_seeds(row)) for row in found.rows)))
    return rows


def _mean(row: Row, quantity: str) -> str:
    value = mean_over_species(row, quantity)
    return ABSENT if value is None else f"{value:.{DIGITS}f}"


def _seeds(row: Row) -> int:
    return max(numbers["F1"].seeds for numbers in row.targets.values())


def _domain(name: str, judgements: Sequence[Judgement]) -> str:
    first = next(each for each in judgements if each.name == name)
    return ABSENT if first.domain is None else f"{first.domain.value:.3f}"


def title(judgement: Judgement) -> str:
    """What was judged."""
    sample = judgement.sample
    return f"{sample.domain}: {sample.tracks:,} tracks; {sample.held_out}"


def caption(judgement: Judgement) -> str:
    """What the numbers are."""
    return (
        "In parentheses the standard deviation over seeds, of a single seed half the "
        f"{judgement.settings.interval} interval. Thresholds in bins of pT were chosen on other "
        "tracks. Parametric detector: no number is a performance of ALICE."
    )
