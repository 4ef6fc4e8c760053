"""What a search tries: a base experiment, and ranges or choices for some of its settings.

Axis key: none.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from detcore.config import Settings

Number = int | float
Value = bool | int | float | str | None | list[Any]


class Tried(Settings):
    """What is tried for one setting: numbers from low to high, or some choices.

    Attributes:
        low: Smallest number.
        high: Largest; only whole numbers are tried if both, and the step, are whole.
        log: Equally likely on a logarithmic scale.
        step: Distance of neighbours; null: any, or every whole number.
        choices: At least two values instead; lists are allowed, as widths of layers.
    """

    low: Number | None = None
    high: Number | None = None
    log: bool = False
    step: Number | None = None
    choices: Annotated[tuple[Value, ...], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Tried":
        if self.choices is not None:
            if self.low is not None or self.high is not None or self.log or self.step is not None:
                raise ValueError("give low and high, or choices, not both")
            return self
        if self.low is None or self.high is None:
            raise ValueError("give low and high, or choices")
        if not self.low < self.high:
            raise ValueError(f"low must be below high; got {self.low} and {self.high}")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("a logarithmic range starts above 0 and has no step")
        return self

    def range(self) -> tuple[Number, Number]:
        """The smallest and the largest number; only without choices."""
        assert self.low is not None and self.high is not None  # checked above
        return self.low, self.high

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are tried."""
        return all(isinstance(v, int) for v in (self.low, self.high, self.step) if v is not None)

    def ends(self) -> list[Value]:
        """The smallest and the largest number, or all choices."""
        return list(self.range()) if self.choices is None else list(self.choices)


class SearchSettings(Settings):
    """A search.

    Attributes:
        base: Settings file of the experiment.
        set: Overrides for every trial, each `a.b=value`.
        space: What is tried, by dotted name of the setting.
        trials: How many, those before a resume included.
        seed: Of the sampler; the trials' own seed is that of the base.
        sampler: Tree-structured Parzen estimators, or at random.
        pruner: Stop a trial that is worse than the median of the others at the same step, or by
            Hyperband's brackets, or never.
        startup: Trials at random, and without pruning, before the others.
    """

    base: Path
    set: tuple[str, ...] = ()
    space: Annotated[dict[str, Tried], Field(min_length=1)]
    trials: PositiveInt = 30
    seed: NonNegativeInt = 1
    sampler: Literal["tpe", "random"] = "tpe"
    pruner: Literal["median", "hyperband", "none"] = "median"
    startup: PositiveInt = 5


def overrides(settings: SearchSettings, values: Mapping[str, Value]) -> list[str]:
    """Overrides of the base experiment: those of every trial, then the values of one."""
    return [*settings.set, *(f"{name}={json.dumps(value)}" for name, value in values.items())]


def check_names(settings: SearchSettings, fixed: Sequence[str], unseen: Sequence[str] = ()) -> None:
    """Refuse to search over what decides which data validate, or what the validation does not see.

    Arguments:
        settings: The search.
        fixed: Names of settings and of groups, `data.`, that trials must share.
        unseen: Names of settings that do not enter the validation, whatever they are.

    Raises:
        ValueError: If one of them is searched.
    """
    for name in settings.space:
        if name in fixed or any(group.endswith(".") and name.startswith(group) for group in fixed):
            raise ValueError(
                f"space.{name} cannot be searched: trials are compared by their validation, which "
                "it would change; put it into the base or into set"
            )
        if name in unseen:
            raise ValueError(
                f"space.{name} cannot be searched: trials are compared by their validation, which "
                "it does not enter, so that chance would choose; judge its values with evaluate"
            )


def corners(settings: SearchSettings) -> list[dict[str, Value]]:
    """For each searched setting its extreme values, the others at their first; to check them."""
    first = {name: each.ends()[0] for name, each in settings.space.items()}
    varied = ([first | {name: v} for v in each.ends()] for name, each in settings.space.items())
    return list(chain.from_iterable(varied))
