"""One of several equal shares of a list of work, for the tasks of a batch system's array."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Share:
    """Every `of`-th item, from the `number`-th on.

    Neighbours go to different shares, so that showers of similar length spread evenly.

    Arguments:
        number: Which share, from 1.
        of: How many there are.

    Raises:
        ValueError: If there is no such share.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ValueError(
                f"there is no share {self.number} of {self.of}; the first is 1, the last {self.of}"
            )

    def part(self, work: Sequence[Item]) -> list[Item]:
        """The items of this share."""
        return list(work[self.number - 1 :: self.of])


def parsed(text: str) -> Share:
    """A share from the command line, `3/20`.

    Raises:
        ValueError: If the text has another form or names no share.
    """
    if not (found := re.fullmatch(r"(\d+)/(\d+)", text.strip())):
        raise ValueError(f"--share has the form 3/20, the third of twenty; got {text!r}")
    return Share(int(found[1]), int(found[2]))
