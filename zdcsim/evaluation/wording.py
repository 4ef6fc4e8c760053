"""Numbers of a judgement in words, for the report and the screen."""

from zdcsim.evaluation.floor import Comparison, Spread

ABSENT = "-"


def number(value: float | None, digits: int = 3) -> str:
    """A number to some significant digits, without an exponent where it can be read."""
    if value is None:
        return ABSENT
    if value != 0 and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}"
    return f"{float(f'{value:.{digits}g}'):,}" if abs(value) < 1e3 else f"{value:,.0f}"


def with_spread(value: Spread | None) -> str:
    """Mean ± standard deviation over repetitions."""
    if value is None:
        return ABSENT
    return f"{number(value.mean)} ± {number(value.spread, 2)}"


def ratio_text(found: Comparison) -> str:
    """Ratio to the floor ± its standard deviation."""
    if found.ratio is None:
        return ABSENT
    return f"{found.ratio:.2f} ± {number(found.ratio_spread, 2)}"
