"""Several sources read as one: particles numbered anew, so that no two share an identifier.

A production comes as many files, each of which counts its particles from nought. Equal code and
conditions make one particle, also across files: its copies must not be split between training and
test.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from zdcsim.io.block import Block, ParticleNumbers
from zdcsim.response import REUSE, Responses, origin, reused
from zdcsim.shower_physics import DATA_KIND, GROOVES, TRANSPORT, with_choices

SAME = (DATA_KIND, "geant4_data", "bundle_sha256", "common_fibres", GROOVES)
"""Entries of the provenance that joined sources have in common: what their numbers mean."""


def joined(sources: Sequence[tuple[str, Iterable[Block]]]) -> Iterator[Block]:
    """The blocks of all sources, one source after the other.

    Arguments:
        sources: Name and blocks of each.

    Returns:
        Blocks whose particles are numbered through, without their events. Their provenance is that
        of the first source, with the names of all in `joined`.

    Raises:
        ValueError: If a source is of another kind of data than the first; one sentence says which.
    """
    numbers, names = ParticleNumbers(), [name for name, _ in sources]
    first: Mapping[str, object] = {}
    kind: dict[str, object] = {}
    for name, blocks in sources:
        known: dict[int, int] = {}
        for block in blocks:
            responses = block.responses
            first = first or {**responses.provenance, "joined": names}
            kind = kind or _kind(responses)
            _check_same(kind, names[0], _kind(responses), name)
            particle = _renumbered(responses, known, numbers)
            found = replace(responses, particle=particle, provenance=first)
            # Each file counts its collisions from nought; joined, they would be mixed.
            yield replace(block, responses=found, event=None)


def _renumbered(
    responses: Responses, known: dict[int, int], numbers: ParticleNumbers
) -> NDArray[np.int64]:
    """Identifiers of a block, shape (N,); `known` are those of its source so far.

    A re-used shower keeps the number of its re-use and the particle that it was simulated with.
    """
    here = origin(responses.particle)
    unmoved = ~reused(responses.particle)
    of_unmoved = numbers.of(responses.pdg[unmoved], responses.conditions[unmoved])
    known.update(zip(here[unmoved].tolist(), of_unmoved.tolist(), strict=True))
    absent = set(here.tolist()) - known.keys()
    if absent:
        raise ValueError(
            f"re-used showers of {len(absent)} particles come before or without the showers "
            "themselves; join files of `zdcsim simulate`, then re-use them"
        )
    found = np.fromiter((known[each] for each in here.tolist()), np.int64, len(here))
    return found + responses.particle // REUSE * REUSE


def _kind(responses: Responses) -> dict[str, object]:
    """What joined sources agree in: `in_common`, the calorimeter, and the way to the ZP.

    Neutral particles reach the ZN whatever the magnets do; which protons reach the ZP, and where,
    depends on them.
    """
    face = responses.calorimeter
    found = {"calorimeter": f"{face.name}, {face.nx} x {face.ny}"} | in_common(responses.provenance)
    if face.name == "ZP":
        found["beam_momentum_gev"] = stated_beam(responses.provenance)
    return found


def stated_beam(provenance: Mapping[str, object]) -> object:
    """Beam whose magnets the primaries went through; None if they flew straight or none is said."""
    source = provenance.get("source")
    return source.get("beam_momentum_gev") if isinstance(source, Mapping) else None


def in_common(provenance: Mapping[str, object]) -> dict[str, object]:
    """What agrees for samples of one kind, cuts one by one."""
    made = with_choices(provenance)
    cuts = made.get(TRANSPORT)
    single = {f"cut {key}": value for key, value in cuts.items()} if isinstance(cuts, dict) else {}
    return {key: made.get(key) for key in SAME} | single


def _check_same(
    first: Mapping[str, object], first_name: str, other: Mapping[str, object], name: str
) -> None:
    for key in {**first, **other}:
        if first.get(key) != other.get(key):
            raise ValueError(
                f"{name} has {key} {other.get(key)!r}, but {first_name} {first.get(key)!r}; "
                "only samples of one kind are joined"
            )
