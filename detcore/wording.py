"""Numbers in words, for reports and the screen."""

from math import floor, isnan, log10

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


def with_error(value: float, error: float) -> str:
    """Value ± error, to two digits of the latter; the value alone where the error is not known."""
    if isnan(error):
        return number(value)
    if error == 0:
        return f"{number(value)} ± 0"
    places = min(decimals(error, 2), 6)
    return f"{value:,.{places}f} ± {error:,.{places}f}"
