"""The league as tables: all columns for the page of the league, the main ones for README."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timing
from changed_settings import listed
from league_seeds import Row, own_error

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
IN_PARENTHESES = (
    "; in parentheses the standard error of distances for another draw of the test sample's "
    "particles, which all rows share, and of other columns the spread over its random halves"
)
"""What the second error of a number is."""
TERMS_CAPTION = f"Rows and columns of the league: ± spread over seeds{IN_PARENTHESES}."
PLACES = {"fpd": 3}
"""Decimal places, if not two."""
LEAGUE = Path("benchmarks/results/league_zn.json")
BATCHES, LARGE = (1, 100), 10_000
"""Sizes of batches that are timed; the large one where memory allows."""


@dataclass(frozen=True)
class Column:
    """One column: heading, cell of a row in a league's record, and cell of the Monte Carlo."""

    heading: str
    cell: Callable[[Row, Row], str]
    floor: Callable[[Row], str] = lambda record: ""


def text(number: Row | None, places: int = 2) -> str:
    """Mean ± spread over seeds, and in parentheses the error that each seed has by itself."""
    if number is None:
        return ""
    shown = f"{number['mean']:z.{places}f}"
    if number["spread"] is not None:
        shown += f" ± {number['spread']:.{places}f}"
    error = own_error(number)
    return shown if error is None else f"{shown} (± {error:.{places}f})"


def spanned(number: Row | None) -> str:
    """Fewest and most over seeds, if they differ."""
    if number is None:
        return ""
    fewest, most = min(number["seeds"]), max(number["seeds"])
    return f"{fewest:,.0f}" if fewest == most else f"{fewest:,.0f} to {most:,.0f}"


def milliseconds(row: Row, record: Row, timed: str) -> float:
    """Of one response on the machine of the table."""
    yardsticks: float = row["seconds"][timed]["over_yardstick"]
    return 1000 * yardsticks * float(record["clock"]["yardstick"])


def written_clock(path: Path = LEAGUE) -> Row:
    """The machine of a written league and its seconds, for other tables of times."""
    found: Row = json.loads(path.read_text(encoding="utf-8"))["clock"]
    return found


def geant4_milliseconds(record: Row) -> float:
    """Of one shower on the machine of the table."""
    return float(1000 * record["clock"]["yardstick"] * record["geant4"]["over_yardstick"])


def digits(number: float) -> str:
    """Two digits, as far as times are known."""
    rounded = float(f"{number:.1e}")
    return f"{rounded:,.{max(0, 1 - math.floor(math.log10(rounded)))}f}"


def judged_column(key: str) -> Column:
    """A number of the judgement; the Monte Carlo's own is 1 where it is a ratio to that."""
    places = PLACES.get(key, 2)
    return Column(
        NUMBERS[key][0],
        lambda row, record: text(row["numbers"][key], places),
        lambda record: text(record["floors"][key], places) if key in FLOORS else "1",
    )


def time_column(heading: str, timed: str) -> Column:
    """Time of one response, or of the generator's graph alone."""

    def cell(row: Row, record: Row) -> str:
        measured = row["seconds"].get(timed) is not None
        return digits(milliseconds(row, record, timed)) if measured else ""

    return Column(heading, cell)


def speed_up(row: Row, record: Row) -> str:
    """Geant4's time over that of a response, all included, batch 1."""
    return digits(geant4_milliseconds(record) / milliseconds(row, record, timing.batch(1)))


FAMILY = Column("family", lambda row, _: str(row["family"]), lambda _: "Monte Carlo (floor)")
SEEDS = Column("seeds", lambda row, _: str(len(row["numbers"]["W"]["seeds"])))
LEARNT = Column(
    "learnt numbers", lambda row, _: f"{row['learnt_numbers']:,}" if row["learnt_numbers"] else ""
)
SHOWERS = Column("training showers", lambda row, _: spanned(row.get("training_responses")))
STEPS = Column("steps", lambda row, _: spanned(row["training_steps"]))
MINUTES = Column("training, min", lambda row, _: text(row["training_minutes"]))
CORE_MINUTES = Column("core min", lambda row, _: text(row["core_minutes"]))
GRAPH = time_column("ms, graph alone", timing.GRAPH)
SPEED_UP = Column("x Geant4", speed_up, lambda record: "1")
SIZE = Column("kB", lambda row, _: f"{row['onnx_kb']:.0f}")

EVERY = (
    FAMILY,
    SEEDS,
    *(judged_column(key) for key in NUMBERS),
    *(LEARNT, SHOWERS, STEPS, MINUTES, CORE_MINUTES, GRAPH),
    *(time_column(f"ms, batch {size:,}", timing.batch(size)) for size in (*BATCHES, LARGE)),
    SPEED_UP,
    SIZE,
)
MAIN = (
    FAMILY,
    SEEDS,
    *(judged_column(key) for key in ("W", "width", "diversity", "auc")),
    *(SHOWERS, CORE_MINUTES, GRAPH, SPEED_UP, SIZE),
)
TERMS = (
    FAMILY,
    SEEDS,
    *(judged_column(key) for key in ("W", "photon_sum", "width", "maximum", "diversity", "auc")),
    STEPS,
)
GANS = ("gan", "sdi_gan", "sdi_gan_intensity", "sdi_gan_regressor")
"""Those that differ in the terms of their losses."""


def of_terms(rows: Sequence[Row]) -> list[Row]:
    """Rows of the GANs, of either calorimeter."""
    return [row for row in rows if row["family"].removesuffix("_zp") in GANS]


def tables(rows: Sequence[Row], record: Row) -> dict[str, str]:
    """All tables of a league in Markdown, by what is added to the name of its file."""
    full, main = full_caption(rows, record), main_caption(rows, record)
    return {
        "": markdown(rows, record, EVERY, full),
        "_main": markdown(rows, record, MAIN, main),
        "_terms": markdown(of_terms(rows), record, TERMS, TERMS_CAPTION),
    }


def markdown(rows: Sequence[Row], record: Row, columns: Sequence[Column], caption: str) -> str:
    """A table, best mean distance first, the Monte Carlo before it, and what it is below it."""
    ordered = sorted(rows, key=lambda row: row["numbers"]["W"]["mean"])
    lines = [
        _line([column.heading for column in columns]),
        f"|{'---|' * len(columns)}",
        _line([column.floor(record) for column in columns]),
        *(_line([column.cell(row, record) for column in columns]) for row in ordered),
    ]
    return "\n".join([*lines, "", caption]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def full_caption(rows: Sequence[Row], record: Row) -> str:
    """What the table of all columns is."""
    return (
        f"{_sample(record)}; mean and spread over as many seeds as said{IN_PARENTHESES}; of the "
        "floor over random halves. "
        "W: mean Wasserstein distance of the five channel sums (O2 convention); it and the next "
        "five columns are over the floor, Monte Carlo half against Monte Carlo half at the same "
        "size. AUC of trained classifiers, 0.5 "
        "when generated and simulated cannot be told apart. Graph alone: one call of ONNX Runtime "
        "for one response; the other times include all (scaling, classifier, generator, decoding "
        f"in Python), one thread, blank where not timed, all{_brought(record)}; training showers: "
        "without their mirror images, blank where not recorded; training on one or two cores with "
        "other work running, minutes of the clock and, where recorded, of all cores "
        f"together{_of_students(rows)}."
        f" Monte Carlo: {record['tables']}. Settings that are not those of the file of the family: "
        f"{listed(rows)}. Trained at commit {', '.join(record['trained_at'])}, "
        f"{record['machine']}. Made by `python benchmarks/fidelity.py`."
    )


def main_caption(rows: Sequence[Row], record: Row) -> str:
    """What the table of the main columns is."""
    return (
        f"{_sample(record)}. W: mean Wasserstein distance of the five channel sums; it, width and "
        "diversity are over their floor, Monte Carlo half against Monte Carlo half. ± spread over "
        f"seeds{IN_PARENTHESES}. AUC of a trained classifier on features, "
        "0.5 when it cannot tell. Graph alone: one call of ONNX Runtime for one response, one "
        f"thread; x Geant4: all included; times{_brought(record)}. "
        f"Core min: of training{_of_students(rows)}. Monte Carlo: {record['tables']}."
        f"{_of_changes(rows)}"
    )


def _sample(record: Mapping[str, Any]) -> str:
    sample = record["sample"]
    return (
        f"{record['detector']}, {sample['responses']} Monte Carlo responses of "
        f"{sample['particles']} particles that training never saw"
    )


def _brought(record: Row) -> str:
    """Whose seconds the table has, and how they and Geant4's came to be."""
    return (
        f" in units of a graph timed before and after, times its seconds on "
        f"{record['clock']['machine']}; Geant4's {geant4_milliseconds(record) / 1000:.2g} s too "
        f"(mean of {record['geant4']['showers']} showers of the sample's particles)"
    )


def _of_changes(rows: Sequence[Row]) -> str:
    """Which rows have other settings than their files, if any has."""
    changes = listed(rows)
    return "" if changes == "none" else f" Not with the settings of their files: {changes}."


def _of_students(rows: Sequence[Row]) -> str:
    """What the training of a student leaves out, if one is in the table."""
    named = [row["family"] for row in rows if row["family"].startswith("distilled_")]
    return f", {', '.join(named)} without that of the teacher" if named else ""
