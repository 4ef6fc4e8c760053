"""Which settings of trainings are not those of their settings file, for the caption of a league."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trained import settings_file

from zdcsim.training import load_experiment

LEFT_OUT = ("seed", "tracking", "teacher_run", "data.train")
"""The seed, and where files lie: they tell runs apart that learn by the same settings."""


def resolved(family: str) -> dict[str, Any]:
    """All settings of a family as its file and the defaults have them now."""
    return load_experiment(settings_file(family)).model_dump(mode="json")


def changed(trained: Mapping[str, Any], written: Mapping[str, Any]) -> list[str]:
    """What was trained with other settings than the written ones, as `a.b=value`.

    A setting that only one of them has is left out: it came or went with another commit.

    Arguments:
        trained: Settings that the manifest of a bundle holds, nested.
        written: Those of the settings file, nested.
    """
    ours, theirs = dict(_leaves(trained)), dict(_leaves(written))
    return [
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in ours.items()
        if name in theirs and value != theirs[name]
    ]


def changed_alike(family: str, trained: Sequence[Mapping[str, Any]]) -> list[str]:
    """What all seeds of a family were trained with that its settings file does not say.

    Arguments:
        family: Name of the settings file.
        trained: Settings of the bundle of every seed.

    Raises:
        ValueError: If seeds were trained with different settings.
    """
    written = resolved(family)
    return alike(family, [changed(settings, written) for settings in trained])


def alike(family: str, found: Sequence[list[str]]) -> list[str]:
    """The changes that all seeds share.

    Raises:
        ValueError: If seeds differ.
    """
    different = list(dict.fromkeys(", ".join(each) or "those of its file" for each in found))
    if len(different) > 1:
        raise ValueError(
            f"seeds of {family} were trained with different settings and have no common mean: "
            f"{'; '.join(different)}"
        )
    return found[0]


def listed(rows: Sequence[Mapping[str, Any]]) -> str:
    """The changes of every row of a league in words; rows of older leagues do not know theirs."""
    known = [f"{row['family']}: {', '.join(row['changed'])}" for row in rows if row.get("changed")]
    unknown = ", ".join(row["family"] for row in rows if "changed" not in row)
    return "; ".join([*known, *([f"not recorded of {unknown}"] if unknown else [])]) or "none"


def _leaves(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        name = f"{above}{key}"
        if name in LEFT_OUT:
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value
