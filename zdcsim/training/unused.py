"""Settings that nothing reads as the others are set."""

from collections.abc import Sequence

from detcore import config
from detcore.config import Settings


def check_unused(experiment: Settings, names: Sequence[str], because: str) -> None:
    """Refuse settings that differ from their defaults though nothing reads them.

    They are part of the schema, and of settings that earlier trainings recorded, whatever the
    others are; with their defaults nobody can have meant anything by them.

    Arguments:
        experiment: All settings.
        names: Of settings or groups, dotted.
        because: Why nothing reads them.

    Raises:
        ValueError: At the first of them.
    """
    values = config.flattened(experiment.model_dump(mode="json"))
    for name in names:
        for key, default in _defaults(experiment, name).items():
            if values[key] != default:
                raise ValueError(
                    f"{key} is {values[key]!r}, but {because}, so that it would be ignored; leave "
                    f"it at {default!r}"
                )


def _defaults(experiment: Settings, name: str) -> dict[str, object]:
    """The default of a setting, or those of a group, by dotted name."""
    *parents, last = name.split(".")
    group = experiment
    for parent in parents:
        group = getattr(group, parent)
    default = type(group).model_fields[last].default
    plain = default.model_dump(mode="json") if isinstance(default, Settings) else default
    return config.flattened({name: list(plain) if isinstance(plain, tuple) else plain})
