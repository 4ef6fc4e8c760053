"""A sample that grows: the showers of an earlier file are kept, only the missing are simulated.

A shower depends on the production's seed, its particle and its copy alone, so a sample with more
particles or more copies begins with the showers of the smaller one.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from zdcsim.io import tree
from zdcsim.io.joining import JOINED
from zdcsim.io.lineage import GROWN_FROM
from zdcsim.montecarlo import source
from zdcsim.montecarlo.finished import Finished, Light
from zdcsim.montecarlo.library import RECORDED_MARGIN
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.montecarlo.production import IDENTIFIERS_PER_SEED, Production
from zdcsim.montecarlo.spectators import Spectators
from zdcsim.response import Responses
from zdcsim.shower_physics import LIGHT, light_model, with_choices

MAY_GROW: Final = ("particles", "copies", "missed")


def origin_of(earlier: Responses, production: Production) -> dict[str, object]:
    """What the larger sample's provenance says of the smaller one.

    Arguments:
        earlier: The smaller sample.
        production: What the larger sample is.

    Raises:
        ValueError: If anything but the numbers of particles, copies and missed primaries differs,
            or one of those is smaller.
    """
    was, now = with_choices(earlier.provenance), production.record()
    said = _differences(was, now, MAY_GROW)
    if said:
        raise ValueError(f"the earlier sample has other settings and cannot grow into this: {said}")
    shrinks = [key for key in MAY_GROW if _number(was[key]) > _number(now[key])]
    if shrinks:
        said = ", ".join(f"{was[key]} {key}" for key in shrinks)
        raise ValueError(f"the earlier sample has {said}; a sample that grows cannot have fewer")
    kept = ("commit", "created", "machine", *MAY_GROW, GROWN_FROM)
    return {key: was[key] for key in kept if key in was}


def there(path: Path, production: Production) -> str:
    """That a file is what a production would write again.

    Raises:
        ValueError: If it is anything else, which would be lost.
    """
    found = tree.read_library(path)
    said = _differences(with_choices(found.provenance), production.record())
    if not said and len(found) != (expected := _showers(production)):
        said = f"showers: {len(found)} there, {expected} now"
    if said:
        raise ValueError(
            f"{path} exists and is another sample ({said}); choose another --out, grow it with "
            f"--extend {path}, or replace it with --overwrite"
        )
    return f"these {len(found)} showers are there already"


def _showers(production: Production) -> int:
    """How many showers a production makes."""
    kind, particles = production.source.kind, production.particles
    if isinstance(kind, Spectators) and kind.events:
        face, seed = production.calorimeter, production.seed
        particles = len(source.primaries(production.source, particles, 0, face, seed)[0])
    return particles * production.copies


def _differences(
    was: Mapping[str, object], now: Mapping[str, object], ignored: Collection[str] = ()
) -> str:
    """Settings that differ, in words; empty if none does.

    Of the light the constants count, not what is said of their measurement. No production makes
    what was converted from a library, whose edge is left out, or joined.
    """
    was, now = ({**each, LIGHT: light_model(each)} for each in (was, now))
    settings = [
        f"{key}: {was.get(key)} there, {now[key]} now"
        for key in now
        if key not in ignored and was.get(key) != now[key]
    ]
    converted = [f"{key}: {was[key]} there" for key in (RECORDED_MARGIN, JOINED) if was.get(key)]
    return "; ".join([*settings, *converted])


def keep(earlier: Responses, hits: Primaries, finished: Finished) -> None:
    """Put the showers of the smaller sample among the finished ones of the larger.

    Raises:
        ValueError: If the larger sample's first primaries are not those of the smaller one.
    """
    index = earlier.particle % IDENTIFIERS_PER_SEED
    known = index.max(initial=-1) < len(hits)
    if not known or not (
        np.array_equal(hits.pdg[index], earlier.pdg)
        and np.array_equal(hits.conditions[index], earlier.conditions)
    ):
        raise ValueError(
            "the earlier sample's primaries are not the first of this one; it was made by another "
            "version of the event generator, or by shares of another production"
        )
    for row, shower in enumerate(zip(index.tolist(), _copy(index), strict=True)):
        if not finished.has(shower):
            own = slice(earlier.offsets[row], earlier.offsets[row + 1])
            seconds = float(earlier.cpu_seconds[row])
            finished.keep(shower, Light(earlier.pixels[own], earlier.counts[own], seconds))


def _copy(index: np.ndarray) -> list[int]:
    """Number of the copy of each row; the copies of a particle lie together."""
    first = np.flatnonzero(np.diff(index, prepend=-1))
    rows = np.arange(len(index))
    numbers: list[int] = (rows - first[np.searchsorted(first, rows, side="right") - 1]).tolist()
    return numbers


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError(f"the earlier sample's provenance has {value!r} where a number is")
    return value
