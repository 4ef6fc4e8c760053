"""Numbers of a judgement in words, for the report and the screen."""

from pathlib import Path

from detcore.files import write_text
from detcore.wording import ABSENT, with_error
from zdcsim.evaluation.floor import Comparison, Spread
from zdcsim.evaluation.judgement import Judgement

Row = tuple[str, str, str, str]
HEADINGS: Row = ("", "floor", "model", "ratio")


def with_spread(value: Spread | None) -> str:
    """Mean ± standard deviation over repetitions, to two digits of the latter."""
    return ABSENT if value is None else with_error(value.mean, value.spread)


def ratio_text(found: Comparison) -> str:
    """Ratio to the floor ± its standard deviation."""
    if found.ratio is None or found.ratio_spread is None:
        return ABSENT
    return with_error(found.ratio, found.ratio_spread)


def row(name: str, found: Comparison) -> Row:
    """Name with the unit, floor, model and ratio of one distance."""
    named = name if found.unit == "photo-electrons" else f"{name}, {found.unit}"
    return named, with_spread(found.floor), with_spread(found.model), ratio_text(found)


def main_rows(judgement: Judgement) -> tuple[list[Row], list[Row]]:
    """The main numbers: mean channel by convention, and features with the diversity."""
    distances = judgement.distances
    conventions = judgement.settings.conventions
    channels = [row(f"mean channel, {name}", distances[name]["mean"]) for name in conventions]
    features = [row(name, found) for name, found in distances["features"].items()]
    if judgement.diversity is not None:
        features.append(row("diversity", judgement.diversity.difference))
    return channels, features


def likeness_rows(judgement: Judgement) -> list[Row]:
    """The measures of likeness; they have no ratio, as most are not distances."""
    return [
        (name, with_spread(found.floor), with_spread(found.model), "")
        for name, found in judgement.likeness.items()
    ]


def title(judgement: Judgement) -> str:
    """What was compared with what."""
    sample = judgement.sample
    return (
        f"{sample.calorimeter}: model against Monte Carlo, {sample.responses} responses of "
        f"{sample.particles} particles"
    )


def caption(judgement: Judgement) -> str:
    """What the numbers are."""
    return (
        "Wasserstein distances at the same sample size, photo-electrons if no unit is named. "
        f"Monte Carlo: {judgement.physics_tables()}"
    )


def write_markdown(path: Path, judgement: Judgement) -> None:
    """Write the main numbers as a table in Markdown."""
    channels, features = main_rows(judgement)
    rows = (*channels, *features, *likeness_rows(judgement))
    lines = [HEADINGS, ("---",) * len(HEADINGS), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    write_text(path, f"{title(judgement)}\n\n{table}\n\n{caption(judgement)}.\n")
