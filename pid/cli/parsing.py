"""Lists of numbers on the command line."""


def numbers(option: str, text: str) -> tuple[float, ...]:
    """Numbers with a comma between.

    Raises:
        ValueError: If one is no number; names the option.
    """
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        raise ValueError(f"{option} must be numbers with a comma between; got {text!r}") from None
