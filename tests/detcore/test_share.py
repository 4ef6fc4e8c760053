"""Shares of a list of work."""

import pytest

from detcore.share import Share, parsed


@pytest.mark.parametrize("of", [1, 3, 20])
def test_shares_are_the_whole_and_nothing_twice(of: int) -> None:
    work = list(range(10))
    taken = [Share(number, of).part(work) for number in range(1, of + 1)]
    assert sorted(item for part in taken for item in part) == work
    assert max(map(len, taken)) - min(map(len, taken)) <= 1


def test_a_share_is_read_from_the_command_line() -> None:
    assert parsed("3/20") == Share(3, 20)
    for wrong in ("3", "3/", "-1/4", "a/b"):
        with pytest.raises(ValueError, match="--share has the form 3/20"):
            parsed(wrong)
    for absent in ("0/4", "5/4"):
        with pytest.raises(ValueError, match="the first is 1, the last 4"):
            parsed(absent)
