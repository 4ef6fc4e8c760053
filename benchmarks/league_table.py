"""The league as tables: all columns for the page of the league, the main ones for README."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import timing
from changed_settings import listed
from league_seeds import Row

NUMBERS = {
    "W": ("W / floor", ("distances", "o2", "mean", "ratio")),
    "photon_sum": ("sum", ("distances", "features", "photon sum", "ratio")),
    "width": ("width", ("distances", "features", "width", "ratio")),
    "occupancy": ("occupancy", ("distances", "features", "occupancy", "ratio")),
    "maximum": ("brightest", ("distances", "features", "maximum", "ratio")),
    "diversity": ("diversity", ("diversity", "difference", "ratio")),
    "auc": ("AUC", ("likeness", "AUC, features", "model", "mean")),
    "auc_fibres": ("AUC, fibres", ("likeness", "AUC, fibres", "model", "mean")),
    "fpd": ("FPD", ("likeness", "FPD", "model", "mean")),
    "coverage": ("coverage", ("likeness", "coverage", "model", "mean")),
}
"""Heading and place in a judgement; ratios are over the Monte Carlo's own floor."""

FLOORS = {
    "auc": ("likeness", "AUC, features", "floor"),
    "auc_fibres": ("likeness", "AUC, fibres", "floor"),
    "fpd": ("likeness", "FPD", "floor"),
    "coverage": ("likeness", "coverage", "floor"),
}
PLACES = {"fpd": 3}
"""Decimal places, if not two."""
BATCHES, LARGE = (1, 100), 10_000
"""Sizes of batches that are timed; the large one where memory allows."""


@dataclass(frozen=True)
class Column:
    """One column: its heading, its cell of a family, and its cell of the Monte Carlo itself."""

    heading: str
    cell: Callable[[Row], str]
    floor: Callable[[Row], str] = lambda record: ""


def text(number: Row | None, places: int = 2) -> str:
    """Mean ± spread over seeds; of one seed its own error in parentheses, where it is known."""
    if number is None:
        return ""
    shown = f"{number['mean']:z.{places}f}"
    if number["spread"] is not None:
        return f"{shown} ± {number['spread']:.{places}f}"
    within = number.get("within")
    return shown if within is None else f"{shown} (± {within['deviation']:.{places}f})"


def spanned(number: Row | None) -> str:
    """Fewest and most over seeds, if they differ."""
    if number is None:
        return ""
    fewest, most = min(number["seeds"]), max(number["seeds"])
    return f"{fewest:,.0f}" if fewest == most else f"{fewest:,.0f} to {most:,.0f}"


def pace(row: Row) -> float:
    """What takes the seconds of a row to the machine of the whole table."""
    return float(row.get("pace", 1.0))


def graph_alone(row: Row) -> float:
    """Seconds of one call of a row's graph, as they were measured."""
    return float(row["seconds"][timing.GRAPH]["wall_median"])


def milliseconds(row: Row, batch: int) -> str:
    """CPU of one response, where it was measured."""
    found = row["seconds"].get(f"batch {batch}")
    return "" if found is None else f"{1000 * found['cpu_median'] * pace(row):.3f}"


def judged_column(key: str) -> Column:
    """A number of the judgement; the Monte Carlo's own is 1 where it is a ratio to that."""
    places = PLACES.get(key, 2)
    return Column(
        NUMBERS[key][0],
        lambda row: text(row["numbers"][key], places),
        lambda record: text(record["floors"][key], places) if key in FLOORS else "1",
    )


def time_column(batch: int) -> Column:
    """Time of one response in batches of one size."""
    return Column(f"ms, batch {batch:,}", lambda row: milliseconds(row, batch))


FAMILY = Column("family", lambda row: str(row["family"]), lambda record: "Monte Carlo (floor)")
SEEDS = Column("seeds", lambda row: str(len(row["numbers"]["W"]["seeds"])))
LEARNT = Column(
    "learnt numbers", lambda row: f"{row['learnt_numbers']:,}" if row["learnt_numbers"] else ""
)
SHOWERS = Column("training showers", lambda row: spanned(row.get("training_responses")))
STEPS = Column("steps", lambda row: spanned(row["training_steps"]))
MINUTES = Column("training, min", lambda row: text(row["training_minutes"]))
CORE_MINUTES = Column("core min", lambda row: text(row["core_minutes"]))
GRAPH = Column("ms, graph alone", lambda row: f"{1000 * graph_alone(row) * pace(row):.3f}")
SPEED_UP = Column(
    "x Geant4", lambda row: f"{row['seconds']['batch 1']['speed_up'] / pace(row):,.0f}"
)
SIZE = Column("kB", lambda row: f"{row['onnx_kb']:.0f}")

EVERY = (
    FAMILY,
    SEEDS,
    *(judged_column(key) for key in NUMBERS),
    *(LEARNT, SHOWERS, STEPS, MINUTES, CORE_MINUTES, GRAPH),
    *(time_column(size) for size in (*BATCHES, LARGE)),
    SPEED_UP,
    SIZE,
)
MAIN = (
    FAMILY,
    SEEDS,
    *(judged_column(key) for key in ("W", "width", "diversity", "auc")),
    *(SHOWERS, CORE_MINUTES, GRAPH, SPEED_UP, SIZE),
)


def markdown(rows: Sequence[Row], record: Row, columns: Sequence[Column], caption: str) -> str:
    """A table, best mean distance first, the Monte Carlo before it, and what it is below it."""
    ordered = sorted(rows, key=lambda row: row["numbers"]["W"]["mean"])
    lines = [
        _line([column.heading for column in columns]),
        f"|{'---|' * len(columns)}",
        _line([column.floor(record) for column in columns]),
        *(_line([column.cell(row) for column in columns]) for row in ordered),
    ]
    return "\n".join([*lines, "", caption]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def full_caption(rows: Sequence[Row], record: Row) -> str:
    """What the table of all columns is."""
    return (
        f"{_sample(record)}; mean and spread over "
        f"as many seeds as said{_of_one_seed(rows)}; of the floor over random halves. "
        "W: mean Wasserstein distance of the five channel sums (O2 convention); it and the next "
        "five columns are over the floor, Monte Carlo half against Monte Carlo half at the same "
        "size. AUC of trained classifiers, 0.5 "
        "when generated and simulated cannot be told apart. Graph alone: one call of ONNX Runtime "
        "for one response; the other times include all (scaling, classifier, generator, decoding "
        f"in Python), one thread, all brought to one machine ({record['clock']['machine']}) by the "
        "time of one graph; training showers: without their mirror images, blank where not "
        "recorded; training on one or two cores with other work running, minutes of the clock and, "
        f"where recorded, of all cores together{_of_students(rows)}."
        f" Monte Carlo: {record['tables']}. Settings that are not those of the file of the family: "
        f"{listed(rows)}. Trained at commit {', '.join(record['trained_at'])}, "
        f"{record['machine']}. Made by `python benchmarks/fidelity.py`."
    )


def main_caption(rows: Sequence[Row], record: Row) -> str:
    """What the table of the main columns is."""
    return (
        f"{_sample(record)}. W: mean Wasserstein distance of the five channel sums; it, width and "
        "diversity are over their floor, Monte Carlo half against Monte Carlo half. ± spread over "
        "seeds; in parentheses, of one seed, the error for another draw of the test sample's "
        "particles or (diversity, AUC) over its halves. AUC of a trained classifier on features, "
        "0.5 when it cannot tell. Graph alone: one call of ONNX Runtime for one response, one "
        f"thread, on {record['clock']['machine']} or "
        f"brought to it by the time of one graph; x Geant4: all included. "
        f"Core min: of training{_of_students(rows)}. Monte Carlo: {record['tables']}."
        f"{_of_changes(rows)}"
    )


def _sample(record: Mapping[str, Any]) -> str:
    sample = record["sample"]
    return (
        f"{record['detector']}, {sample['responses']} Monte Carlo responses of "
        f"{sample['particles']} particles that training never saw"
    )


def _of_changes(rows: Sequence[Row]) -> str:
    """Which rows have other settings than their files, if any has."""
    changes = listed(rows)
    return "" if changes == "none" else f" Not with the settings of their files: {changes}."


def _of_students(rows: Sequence[Row]) -> str:
    """What the training of a student leaves out, if one is in the table."""
    named = [row["family"] for row in rows if row["family"].startswith("distilled_")]
    return f", {', '.join(named)} without that of the teacher" if named else ""


def _of_one_seed(rows: Sequence[Row]) -> str:
    """What stands in parentheses, if anything does."""
    single = {
        row["family"]: {number["within"]["over"] for number in numbers}
        for row in rows
        if (numbers := [each for each in row["numbers"].values() if each and each.get("within")])
    }
    if not single:
        return ""
    never_drawn = ", ".join(family for family, over in single.items() if "particles" not in over)
    older = f" (all numbers of {never_drawn} over halves: judged before there were draws)"
    return (
        "; in parentheses, of one seed alone: standard error of W and the next four columns for "
        "another draw of the test sample's particles, of the others spread over its random halves"
        f"{older if never_drawn else ''}"
    )
