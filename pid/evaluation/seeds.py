"""Which classifiers are seeds of one, by the settings that their trainings recorded.

Axis key: none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detcore.config import flattened
from pid.evaluation.samples import first_run
from pid.io.bundle import Bundle

NEUTRAL = frozenset(
    {
        *("seed", "data.train", "data.target", "training.device", "training.threads"),
        *("training.max_minutes", "training.checkpoint_every", "training.track_every"),
    }
)
"""Settings that make no other classifier, beside the whole group `tracking`."""


@dataclass
class _Group:
    """Bundles that may be averaged, in the order in which they came."""

    name: str
    members: list[Bundle]

    @property
    def folder(self) -> str:
        return self.members[0].path.name


def names(bundles: Sequence[Bundle]) -> list[str]:
    """What tables call each bundle: equal names for seeds of one classifier alone.

    Bundles of one name that were not trained alike, are for other targets or have other thresholds
    get the folder of their first one too, so that no number is averaged over both.

    Raises:
        ValueError: If a folder is named twice.
    """
    groups: list[_Group] = []
    chosen: list[_Group] = []
    for bundle in bundles:
        if any(bundle.path.resolve() == each.path.resolve() for g in groups for each in g.members):
            raise ValueError(f"{bundle.path} is named twice; name every bundle once")
        fits = (group for group in groups if all(_seeds(bundle, each) for each in group.members))
        group = next(fits, None)
        if group is None:
            groups.append(group := _Group(bundle.name, []))
        group.members.append(bundle)
        chosen.append(group)
    return [_told(group, groups) for group in chosen]


def _told(group: _Group, groups: Sequence[_Group]) -> str:
    alike = [each for each in groups if each.name == group.name]
    if len(alike) == 1:
        return group.name
    same_folder = [each for each in alike if each.folder == group.folder]
    path: Path = group.members[0].path
    return f"{group.name} ({group.folder if len(same_folder) == 1 else path})"


def _seeds(one: Bundle, other: Bundle) -> bool:
    """Whether two bundles differ in their seed alone."""
    points = [
        {pdg: (p.goal, p.wanted, p.edges) for pdg, p in each.working_points.bins.items()}
        for each in (one, other)
    ]
    same = (one.name, one.contract, one.columns) == (other.name, other.contract, other.columns)
    distinct = one.seed is None or one.seed != other.seed
    return same and distinct and points[0] == points[1] and not differing(_of(one), _of(other))


def _of(bundle: Bundle) -> Mapping[str, Any]:
    settings: Mapping[str, Any] = first_run(bundle.manifest).get("settings", {})
    return settings


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Dotted names of settings that make other classifiers; earlier versions recorded fewer."""
    a, b = flattened(dict(one)), flattened(dict(other))
    return [
        key
        for key in a
        if key in b and a[key] != b[key] and key not in NEUTRAL and not key.startswith("tracking")
    ]
