"""Numbers in words."""

import pytest

from detcore.wording import with_error


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(12.345, 0.67, "12.35 ± 0.67"), (1234.5, 67.0, "1,234 ± 67"), (3.0, 0.0, "3.00 ± 0"),
     (75.21, float("nan"), "75.2")],
)  # fmt: skip
def test_a_value_has_its_error_where_that_is_known(value: float, error: float, text: str) -> None:
    assert with_error(value, error) == text
