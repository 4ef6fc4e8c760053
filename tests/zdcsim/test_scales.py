"""The scales file: its exact text, and every way in which O2 would stumble over it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdcsim.conditions import NAMES
from zdcsim.io.scales import Scales, from_text, read, to_text, write

GOLDEN = """#means
1500.5
0
0
-0.125
0.0333333351
0
1500.25
939.565002
0.0631578937

#scales
812.75
1
1
5.5
0.25
0.25
812.5
212.300003
0.771000028
"""
MEAN = [1500.5, 0, 0, -0.125, 1 / 30, 0, 1500.25, 939.565, 0.06315789473]
SCALE = [812.75, 1, 1, 5.5, 0.25, 0.25, 812.5, 212.3, 0.771]


def scales() -> Scales:
    return Scales(np.array(MEAN, np.float32), np.array(SCALE, np.float32))


def test_text_is_the_one_that_o2_parses(tmp_path: Path) -> None:
    write(tmp_path / "scales.txt", scales())
    assert (tmp_path / "scales.txt").read_bytes() == GOLDEN.encode()
    assert len(GOLDEN.splitlines()) == 2 * (1 + len(NAMES)) + 1


numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=2.0**-100, width=32, exclude_min=True, allow_infinity=False)


@given(st.lists(numbers, min_size=9, max_size=9), st.lists(positive, min_size=9, max_size=9))
def test_every_float32_comes_back_exactly(mean: list[float], scale: list[float]) -> None:
    before = Scales(np.array(mean, np.float32), np.array(scale, np.float32))
    after = from_text(to_text(before))
    assert after.mean.tobytes() == before.mean.tobytes()
    assert after.scale.tobytes() == before.scale.tobytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOLDEN.replace("\n", "\r\n"), "CRLF"),
        (GOLDEN.replace("\n\n#scales", "\n#scales"), "an empty line must stand before"),
        (GOLDEN.replace("#means", "#means "), "the first line must be exactly '#means'"),
        (GOLDEN.replace("#scales", "#scales "), "no line that is exactly '#scales'"),
        ("\n" + GOLDEN, "the first line must be exactly"),
        (GOLDEN.replace("1500.5\n", ""), "got 8 means and 9 scales"),
        (GOLDEN + "1\n", "got 9 means and 10 scales"),
        (GOLDEN.replace("812.75", "812,75"), "one number"),
        (GOLDEN.replace("812.75", "812.75 GeV"), "one number"),
        (GOLDEN.replace("812.75", "0"), "scales must be positive"),
        (GOLDEN.replace("1500.25", "nan"), "means must be finite"),
        (GOLDEN.replace("0.771000028\n", "0.771000028\n\n7"), "one number"),
    ],
)
def test_what_o2_would_misread_is_an_error(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "scales.txt").write_bytes(text.encode())
    with pytest.raises(ValueError, match=message) as raised:
        read(tmp_path / "scales.txt")
    assert "scales.txt" in str(raised.value)


def test_scaling_is_in_float32_at_every_step() -> None:
    conditions = np.full((1, 9), 7000.0)
    expected = (np.float32(7000) - np.float32(MEAN[7])) / np.float32(SCALE[7])
    assert scales().apply(conditions)[0, 7] == expected
    assert scales().apply(conditions).dtype == np.float32
