"""Numbers of a judgement in words, for the report and the screen."""

from math import floor, log10

from zdcsim.evaluation.floor import Comparison, Spread

ABSENT = "-"


def decimals(value: float, digits: int) -> int:
    """Decimal places that show `value` to so many significant digits."""
    return 0 if value == 0 else max(0, digits - 1 - floor(log10(abs(value))))


def number(value: float | None, digits: int = 3) -> str:
    """A number to some significant digits."""
    if value is None:
        return ABSENT
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{decimals(value, digits)}f}"


def _with_error(value: float, error: float) -> str:
    if error == 0:
        return f"{number(value)} ± 0"
    places = min(decimals(error, 2), 6)
    return f"{value:,.{places}f} ± {error:,.{places}f}"


def with_spread(value: Spread | None) -> str:
    """Mean ± standard deviation over repetitions, to two digits of the latter."""
    return ABSENT if value is None else _with_error(value.mean, value.spread)


def ratio_text(found: Comparison) -> str:
    """Ratio to the floor ± its standard deviation."""
    if found.ratio is None or found.ratio_spread is None:
        return ABSENT
    return _with_error(found.ratio, found.ratio_spread)
