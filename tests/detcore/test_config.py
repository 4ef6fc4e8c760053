"""Settings files: YAML 1.2 scalars, strict types, errors that name the key."""

import re
from pathlib import Path
from typing import Self

import pytest
from pydantic import field_validator, model_validator

from detcore.config import Settings, dump, flattened, load


class Inner(Settings):
    rate: float
    widths: tuple[int, int] = (1, 2)


class Outer(Settings):
    inner: Inner
    name: str = "x"
    limit: float | None = None
    flag: bool = False
    path: Path | None = None


class Checked(Settings):
    low: int = 1
    high: int = 2
    even: int = 0

    @field_validator("even")
    @classmethod
    def _is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("Odd numbers are not even")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low is {self.low}, above high, {self.high}; exchange them")
        return self


class Several(Settings):
    inner: Checked = Checked()
    low: int = 0


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("scalar", "value"),
    [("1e-4", 1e-4), ("1E5", 1e5), ("-2.5e+3", -2500.0), (".5", 0.5), ("3", 3.0), ("1.", 1.0)],
)
def test_numbers_are_those_of_yaml_1_2(tmp_path: Path, scalar: str, value: float) -> None:
    assert load(written(tmp_path, f"inner: {{rate: {scalar}}}"), Outer).inner.rate == value


def test_words_that_yaml_1_1_converts_stay_words(tmp_path: Path) -> None:
    assert load(written(tmp_path, "{inner: {rate: 1}, name: no}"), Outer).name == "no"
    assert load(written(tmp_path, "{inner: {rate: 1}, name: 1e}"), Outer).name == "1e"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inner: {rate: 1, widht: 3}", r"inner\.widht is not a setting \(accepted there: rate, w"),
        ("{inner: {rate: 1}, nmae: a}", r"nmae is not a setting \(accepted there: inner, name"),
        ("inner: {rate: '1e-4'}", r"inner\.rate is '1e-4': input should be a valid number"),
        ("inner: {rate: true}", r"inner\.rate is True: input should be a valid number"),
        ("inner: {rate: 1, widths: [1, 2.5]}", r"inner\.widths\.1 is 2\.5: "),
        ("{inner: {rate: 1}, flag: 1}", r"flag is 1: input should be a valid boolean"),
        ("name: a", r"inner is missing"),
        ("[1, 2]", r"must hold a mapping"),
        ("{inner: {rate: 1}, inner: {rate: 2}}", r"'inner' is given twice"),
        ("inner: {rate: ", r"is not valid YAML"),
        ("{inner: {rate: 1}, name: !!python/name:os.system }", r"is not valid YAML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(written(tmp_path, text), Outer)


@pytest.mark.parametrize(
    ("schema", "text", "said"),
    [
        (Checked, "low: 3", "low is 3, above high, 2; exchange them"),
        (Several, "inner: {low: 3}", "inner: low is 3, above high, 2; exchange them"),
        (Checked, "even: 1", "even is 1: odd numbers are not even"),
        (Several, "{inner: {even: 1}, low: a}",
         "inner.even is 1: odd numbers are not even; low is 'a': input should be a valid integer"),
    ],
)  # fmt: skip
def test_a_check_of_several_settings_says_its_sentence_alone(
    schema: type[Settings], text: str, said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match=r"\A" + re.escape(f"{path}: {said}") + r"\Z"):
        load(path, schema)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a folder; name a settings file"):
        load(tmp_path, Outer)
    (tmp_path / "binary.yaml").write_bytes(b"root\xf3\x00")
    with pytest.raises(ValueError, match="is no text; name a settings file"):
        load(tmp_path / "binary.yaml", Outer)
    with pytest.raises(ValueError, match=r"no settings file .*absent\.yaml"):
        load(tmp_path / "absent.yaml", Outer)


def test_overrides_replace_and_are_checked(tmp_path: Path) -> None:
    path = written(tmp_path, "inner: {rate: 1}")
    settings = load(path, Outer, ["inner.rate=1e-3", "limit=2", "name=a=b", "inner.widths=[3, 4]"])
    assert (settings.inner.rate, settings.limit, settings.name) == (1e-3, 2, "a=b")
    assert settings.inner.widths == (3, 4)
    with pytest.raises(ValueError, match=r"a\.b=value; got 'inner.rate'"):
        load(path, Outer, ["inner.rate"])
    with pytest.raises(ValueError, match="rate is a single value"):
        load(path, Outer, ["inner.rate.deep=1"])
    with pytest.raises(ValueError, match=r"innr is not a setting"):
        load(path, Outer, ["innr.rate=1"])


def test_resolved_settings_read_back(tmp_path: Path) -> None:
    settings = Outer(inner=Inner(rate=1e-10, widths=(5, 6)), path=Path("a/b"))
    dump(settings, tmp_path / "config.yaml")
    assert load(tmp_path / "config.yaml", Outer) == settings


def test_flattened_names_groups_with_dots() -> None:
    assert flattened({"a": {"b": 1, "c": {"d": 2}}, "e": 3}) == {"a.b": 1, "a.c.d": 2, "e": 3}
