"""Numbers of a league over the seeds of a family, and seeds that are added to a written row."""

import statistics
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]

OVER_SEEDS = ("training_steps", "training_minutes", "core_minutes", "training_responses")
"""What a row has beside its numbers that differs from seed to seed."""

MEASURED_HERE = ("seconds", "measured", "machine")
"""What depends on the machine that writes the table."""


def over_seeds(values: Sequence[float | None]) -> Row | None:
    """Mean and spread over seeds; None where one is not known."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    spread = statistics.stdev(known) if len(known) > 1 else None
    return {"mean": statistics.fmean(known), "spread": spread, "seeds": known}


def with_errors(values: Sequence[float | None], errors: Sequence[Row | None]) -> Row | None:
    """Mean and spread over seeds with the error that each has by itself; that of one seed apart."""
    found = over_seeds(values)
    if found is None:
        return None
    return {**found, "within": errors[0]} if len(errors) == 1 else {**found, "of_seeds": errors}


def own_error(number: Row) -> float | None:
    """The error that a number has with one seed, its mean over the seeds; None if not known."""
    errors = [number["within"]] if "within" in number else number.get("of_seeds", [])
    if not errors or None in errors:
        return None
    return statistics.fmean(each["deviation"] for each in errors)


def added(earlier: Row | None, row: Row) -> Row:
    """A row of all seeds: those of the written row, then the new ones.

    Arguments:
        earlier: The row as it was written, if there is one.
        row: Of the same family and settings, judged on the same sample.

    Raises:
        ValueError: If a seed is in both, or if their settings differ.
    """
    if earlier is None:
        return row
    name = row["family"]
    again = sorted(set(earlier["trained_seeds"]) & set(row["trained_seeds"]))
    if again:
        raise ValueError(f"the table has {name} of seed {', '.join(map(str, again))} already")
    if earlier.get("changed") != row["changed"]:
        raise ValueError(
            f"{name} was trained with other settings: {earlier.get('changed')} before, "
            f"{row['changed']} now; seeds of different settings have no common mean"
        )
    numbers = {
        key: _together(number, row["numbers"][key]) for key, number in earlier["numbers"].items()
    }
    costs = {key: _costs(earlier.get(key), row[key]) for key in OVER_SEEDS}
    return {
        **row,
        "numbers": numbers,
        **costs,
        "trained_seeds": earlier["trained_seeds"] + row["trained_seeds"],
        "trained_at": sorted({*earlier["trained_at"], *row["trained_at"]}),
    }


def retimed(earlier: Row | None, row: Row) -> Row:
    """A written row with seconds that were measured anew; the new row where none is written."""
    return row if earlier is None else {**earlier, **{key: row[key] for key in MEASURED_HERE}}


def _together(earlier: Row | None, new: Row | None) -> Row | None:
    if earlier is None or new is None:
        return None
    return with_errors(earlier["seeds"] + new["seeds"], _errors(earlier) + _errors(new))


def _costs(earlier: Row | None, new: Row | None) -> Row | None:
    return None if earlier is None or new is None else over_seeds(earlier["seeds"] + new["seeds"])


def _errors(number: Row) -> list[Row | None]:
    """The error of every seed by itself."""
    if "within" in number:
        return [number["within"]]
    known: list[Row | None] = number.get("of_seeds", [None] * len(number["seeds"]))
    return known
