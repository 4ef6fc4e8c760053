"""Where a result comes from."""

import pytest

from detcore.provenance import shortened

COMMIT = "18fcf4556bdf00b1c44a75b729e30478082d1595"


@pytest.mark.parametrize(
    ("commit", "short"),
    [
        (COMMIT, "18fcf4556bdf"),
        (f"{COMMIT}-dirty", "18fcf4556bdf-dirty"),
        ("unknown", "unknown"),
    ],
)
def test_a_shortened_commit_keeps_the_mark_of_a_changed_tree(commit: str, short: str) -> None:
    assert shortened(commit) == short
