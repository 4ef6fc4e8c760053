"""Numbers of a judgement in words, for the report and the screen."""

from collections.abc import Iterable, Sequence
from math import nan
from pathlib import Path

from detcore.files import write_text
from detcore.wording import ABSENT, number, with_error
from zdcsim.evaluation.conditional import Bin
from zdcsim.evaluation.floor import Comparison, Spread
from zdcsim.evaluation.judgement import Judgement, trained_on
from zdcsim.evaluation.settings import Settings
from zdcsim.shower_physics import physics_of

Row = tuple[str, ...]
HEADINGS: Row = ("", "floor", "model", "ratio")
DRAWN = "± drawn"
"""Heading of the errors by the draw of particles, where a judgement has them."""
BIN_HEADINGS = ("", "particles", "responses", "light, model / MC", "by chance", *HEADINGS[1:])
REMARK, ONLY_IN_FILES = 3, (1, 2, 4)
"""Columns: where a bin that is not judged says why; those for which the screen is too narrow."""


BIN_CAPTION = (
    "Each bin against its own floor: light, generated over Monte Carlo, beside the spread that the "
    "ratio of a perfect generator has, by halves of the Monte Carlo; Wasserstein of the mean "
    "channel. Errors: of another draw of the bin's particles."
)
DRAWN_CAPTION = (
    "± over random halves of the same particles; under `± drawn` the standard error of the ratio "
    "for another draw of the particles, all copies of a particle together."
)


def with_spread(value: Spread | None) -> str:
    """Mean ± standard deviation over repetitions, to two digits; of one the value alone."""
    if value is None:
        return ABSENT
    return with_error(value.mean, value.spread if value.repetitions > 1 else nan)


def ratio_text(found: Comparison) -> str:
    """Ratio to the floor ± its standard deviation."""
    if found.ratio is None or found.ratio_spread is None:
        return ABSENT
    return with_error(found.ratio, found.ratio_spread)


def row(name: str, found: Comparison) -> Row:
    """Name with the unit, floor, model and ratio of one distance."""
    named = name if found.unit == "photo-electrons" else f"{name}, {found.unit}"
    return named, with_spread(found.floor), with_spread(found.model), ratio_text(found)


def was_drawn(judgement: Judgement) -> bool:
    """Whether the judgement has errors by the draw of particles; older ones have none."""
    return any(
        found.ratio_drawn is not None
        for named in judgement.distances.values()
        for found in named.values()
    )


def headings(judgement: Judgement) -> Row:
    """Of the main numbers and the measures of likeness."""
    return (*HEADINGS, DRAWN) if was_drawn(judgement) else HEADINGS


def main_rows(judgement: Judgement) -> tuple[list[Row], list[Row]]:
    """The main numbers: mean channel by convention, and features with the diversity."""
    distances = judgement.distances
    with_draws = was_drawn(judgement)
    channels = [
        (f"mean channel, {name}", distances[name]["mean"])
        for name in judgement.settings.conventions
    ]
    features = list(distances["features"].items())
    if judgement.diversity is not None:
        features.append(("diversity", judgement.diversity.difference))
    first, second = (
        [row(*each) + ((drawn_error(each[1]),) if with_draws else ()) for each in named]
        for named in (channels, features)
    )
    return first, second


def drawn_error(found: Comparison) -> str:
    """± of the ratio by the draw of particles, to two digits."""
    if found.ratio_drawn is None:
        return ABSENT
    return f"± {number(found.ratio_drawn, 2)}"


def conditional_rows(judgement: Judgement) -> dict[str, list[tuple[str, ...]]]:
    """By condition: every bin's light and mean channel distance, with errors of the draw."""
    settings = judgement.settings
    return {
        by: [_bin_row(each, settings) for each in bins]
        for by, bins in judgement.conditional.items()
    }


def unbinned(judgement: Judgement) -> str:
    """How many responses are in no bin of energy, in a sentence; empty if all are in one."""
    if "energy" not in judgement.conditional:
        return ""
    whole, edges = judgement.sample.responses, judgement.settings.energy_edges
    outside = whole - sum(each.responses for each in judgement.conditional["energy"])
    if not outside:
        return ""
    return (
        f"{outside} of {whole} responses are in no bin: their energy is not from {edges[0]:g} to "
        f"{edges[-1]:g} GeV."
    )


def _bin_row(found: Bin, settings: Settings) -> tuple[str, ...]:
    leading = settings.conventions[0]
    known = found.name, str(found.particles), str(found.responses)
    if found.remark or found.light is None:
        return *known, found.remark, *[""] * (len(BIN_HEADINGS) - 4)
    mean, error = found.distances[leading]["mean"], found.errors[leading]["mean"]
    # Halves of the particles differ by the particles too, which a generator is told.
    told = mean.whole if settings.floor == "copies" else None
    chance = found.light.by_chance(told.repetitions) if told else None
    return (
        *known,
        drawn(found.light.ratio, found.light.ratio_error),
        ABSENT if chance is None else f"± {number(chance, 2)}",
        drawn(mean.floor.mean if mean.floor else None, error.floor),
        drawn(mean.model.mean if mean.model else None, error.model),
        drawn(mean.ratio, error.ratio),
    )


def drawn(value: float | None, error: float | None) -> str:
    """Value ± error of the draw of particles."""
    return ABSENT if value is None or error is None else with_error(value, error)


def likeness_rows(judgement: Judgement) -> list[Row]:
    """The measures of likeness; they have no ratio, as most are not distances."""
    empty = ("",) * (len(headings(judgement)) - 3)
    return [
        (name, with_spread(found.floor), with_spread(found.model), *empty)
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
        f"Monte Carlo: {judgement.physics_tables()}{_trained_otherwise(judgement)}"
    )


def _trained_otherwise(judgement: Judgement) -> str:
    """A warning, if the model was trained on showers of other physics."""
    trained = physics_of(trained_on(judgement.model))
    here = physics_of(judgement.reference)
    return (
        ""
        if None in (trained, here) or trained == here
        else f"; the model learnt with {trained}, not {here}"
    )


def write_markdown(path: Path, judgement: Judgement) -> None:
    """Write the main numbers as tables in Markdown."""
    write_text(path, "\n\n".join(judged_parts(judgement)) + "\n")


def judged_parts(judgement: Judgement) -> list[str]:
    """Title, tables and caption in Markdown."""
    channels, features = main_rows(judgement)
    rows = (*channels, *features, *likeness_rows(judgement))
    parts = [title(judgement), _table(headings(judgement), rows)]
    for by, bins in conditional_rows(judgement).items():
        parts.append(_table((by, *BIN_HEADINGS[1:]), bins))
    captions = [DRAWN_CAPTION] if was_drawn(judgement) else []
    captions += [BIN_CAPTION] if judgement.conditional else []
    said = [*captions, unbinned(judgement), f"{caption(judgement)}."]
    return [*parts, " ".join(filter(None, said))]


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
