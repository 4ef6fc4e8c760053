"""Settings from YAML files: every key is known, typed and checked, or named in an error."""

import json
import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from detcore.files import write_text


class Settings(BaseModel):
    """Base of all settings: frozen, without unknown keys and without silent conversions."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


T = TypeVar("T", bound=Settings)


class _CoreLoader(yaml.SafeLoader):
    """Safe YAML with the scalars of YAML 1.2: `1e-4` is a number, `no` is a word.

    A key given twice is an error, as YAML demands and PyYAML does not check.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", node.start_mark
                )
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN", "-+."),
):
    _CoreLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def read(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The mapping of a YAML file, with some values replaced, not yet checked against a schema.

    Arguments:
        path: The file.
        overrides: Each `a.b=value`; the value is read as YAML.

    Raises:
        ValueError: If the file is missing or no YAML mapping, or an override has another form.
    """
    try:
        values = _parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"there is no settings file {path}") from None
    except IsADirectoryError:
        raise ValueError(f"{path} is a folder; name a settings file (YAML)") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text; name a settings file (YAML)") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path} must hold a mapping of settings; found {values!r}")
    for override in overrides:
        _replace(values, override)
    return values


def check(values: dict[str, Any], schema: type[T], source: str) -> T:
    """Settings of that schema from the mapping that `read` gave.

    Raises:
        ValueError: If a key is unknown or missing, or a value has the wrong type or range; names
            each dotted key, what was found and what is accepted.
    """
    try:
        # As JSON, because there pydantic's strict mode takes a list for a tuple and a string for
        # a path, which is all that YAML can write.
        return schema.model_validate_json(json.dumps(values))
    except ValidationError as error:
        problems = (_problem(dict(detail), schema) for detail in error.errors())
        raise ValueError(f"{source}: " + "; ".join(problems)) from None
    except TypeError as error:
        raise ValueError(f"{source}: {error}") from None


def load(path: Path, schema: type[T], overrides: Sequence[str] = ()) -> T:
    """Settings of that schema from a YAML file; arguments and errors of `read` and `check`."""
    return check(read(path, overrides), schema, str(path))


def text(settings: Settings) -> str:
    """The settings as YAML, defaults included, such that `load` gives them back."""
    dumped: str = yaml.safe_dump(json.loads(settings.model_dump_json()), sort_keys=False)
    return dumped


def dump(settings: Settings, path: Path) -> None:
    """Write `text` to a file."""
    write_text(path, text(settings))


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested groups as one mapping with dotted names."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        inner = flattened(value, f"{prefix}{key}.") if isinstance(value, Mapping) else None
        flat |= {f"{prefix}{key}": value} if inner is None else inner
    return flat


def load_family(path: Path, families: Mapping[str, type[T]], overrides: Sequence[str] = ()) -> T:
    """A settings file whose `family` names the schema that checks it.

    Raises:
        ValueError: If the family is unknown, or a setting is; see `check`.
    """
    values = read(path, overrides)
    schema = families.get(str(values.get("family")))
    if schema is None:
        raise ValueError(
            f"{path}: family is {values.get('family')!r}; expected one of {', '.join(families)}"
        )
    return check(values, schema, str(path))


def with_short_forms(overrides: Sequence[str] | None, **short: object) -> list[str]:
    """Overrides, followed by the short forms that were given; `a__b` stands for `a.b`."""
    given = (f"{k.replace('__', '.')}={v}" for k, v in short.items() if v is not None)
    return [*(overrides or ()), *given]


def _parsed(source: str) -> object:
    return yaml.load(source, Loader=_CoreLoader)


def _replace(values: dict[str, Any], override: str) -> None:
    dotted, equals, value = override.partition("=")
    *parents, last = dotted.split(".")
    if not equals or not last or not all(parents):
        raise ValueError(f"an override has the form a.b=value; got {override!r}")
    inner = values
    for parent in parents:
        inner = inner.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise ValueError(f"override {override!r}: {parent} is a single value, not a group")
    try:
        inner[last] = _parsed(value)
    except yaml.YAMLError as error:
        raise ValueError(f"override {override!r} is not valid YAML: {error}") from None


def _problem(detail: dict[str, Any], schema: type[BaseModel]) -> str:
    dotted = ".".join(str(part) for part in detail["loc"]) or "the file"
    if detail["type"] == "extra_forbidden":
        accepted = ", ".join(_accepted(schema, detail["loc"][:-1]))
        return f"{dotted} is not a setting (accepted there: {accepted})"
    if detail["type"] == "missing":
        return f"{dotted} is missing"
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "value_error" and isinstance(detail["input"], Mapping):
        # A check of several settings says itself which they are; all of them would bury it.
        return message if not detail["loc"] else f"{dotted}: {message}"
    return f"{dotted} is {detail['input']!r}: {message[0].lower()}{message[1:]}"


def _accepted(schema: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    for part in location:
        field = schema.model_fields.get(str(part))
        if field is None:
            break
        schema = next((s for s in _schemas(field.annotation)), schema)
    return list(schema.model_fields)


def _schemas(annotation: object) -> list[type[BaseModel]]:
    options = (
        get_args(annotation)
        if get_origin(annotation) or isinstance(annotation, UnionType)
        else (annotation,)
    )
    return [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
