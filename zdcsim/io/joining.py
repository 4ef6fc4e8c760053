"""Several sources read as one: particles numbered anew, so that no two share an identifier.

A production comes as many files, each of which counts its particles from nought. Equal code and
conditions make one particle, also across files: its copies must not be split between training and
test.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from zdcsim.io.block import Block
from zdcsim.io.numbering import ParticleNumbers
from zdcsim.response import REUSE, Responses, origin, reused
from zdcsim.shower_physics import DATA_KIND, GROOVES, TRANSPORT, light_model, with_choices

SAME = (DATA_KIND, "geant4_data", "bundle_sha256", "common_fibres", GROOVES)
"""Entries of the provenance that joined sources have in common: what their numbers mean."""
IF_STATED = "light "
"""Entries of `in_common` that begin so are compared where both sources state them."""
JOINED = "joined"
"""Entry of the provenance: the names of the sources."""
Stated = dict[str, tuple[object, str]]
"""What sources agree in, and which of them was the first to state it."""


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
    stated: Stated = {}
    for name, blocks in sources:
        known = _OfSource()
        for block in blocks:
            responses = block.responses
            first = first or {**responses.provenance, JOINED: names}
            stated = _agreed(stated, names[0], _kind(responses), name)
            particle = _renumbered(responses, known, numbers)
            found = replace(responses, particle=particle, provenance=first)
            # Each file counts its collisions from nought; joined, they would be mixed.
            yield replace(block, responses=found, event=None)


class _OfSource:
    """Identifiers of a source's particles and the numbers they get, in arrays: 16 bytes a row."""

    def __init__(self) -> None:
        none = np.empty(0, np.int64)
        self._parts = [(none, none)]

    def add(self, here: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
        """Identifiers in the source and their numbers, both of shape (N,)."""
        known, first = np.unique(here, return_index=True)
        self._parts.append((known, numbers[first]))

    def of(self, here: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers of identifiers, shape (N,).

        Raises:
            ValueError: If one is not known.
        """
        identifiers, numbers = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        known, first = np.unique(identifiers, return_index=True)
        self._parts = [(known, numbers[first])]
        absent = np.setdiff1d(here, known)
        if len(absent):
            raise ValueError(
                f"re-used showers of {len(absent)} particles come before or without the showers "
                "themselves; join files of `zdcsim simulate`, then re-use them"
            )
        return numbers[first][np.searchsorted(known, here)]


def _renumbered(
    responses: Responses, known: _OfSource, numbers: ParticleNumbers
) -> NDArray[np.int64]:
    """Identifiers of a block, shape (N,); `known` are those of its source so far.

    A re-used shower keeps the number of its re-use and the particle that it was simulated with.
    """
    here, found = origin(responses.particle), np.empty(len(responses), np.int64)
    again = reused(responses.particle)
    found[~again] = numbers.of(responses.pdg[~again], responses.conditions[~again])
    known.add(here[~again], found[~again])
    if again.any():
        found[again] = known.of(here[again])
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
    """What agrees for samples of one kind; cuts, and what is stated of the light, one by one."""
    made = with_choices(provenance)
    cuts = made.get(TRANSPORT)
    single = {f"cut {key}": value for key, value in cuts.items()} if isinstance(cuts, dict) else {}
    light = {f"{IF_STATED}{key}": value for key, value in light_model(made).items()}
    return {key: made.get(key) for key in SAME} | single | light


def _agreed(known: Stated, first_name: str, kind: Mapping[str, object], name: str) -> Stated:
    """What is known with what one more source states, unless that contradicts."""
    here = {key: (value, name) for key, value in kind.items()}
    known = known or here
    for key in {**known, **here}:
        value, whose = known.get(key, (None, first_name))
        one_is_silent = key.startswith(IF_STATED) and not (key in known and key in here)
        if kind.get(key) != value and not one_is_silent:
            raise ValueError(
                f"{name} has {key} {kind.get(key)!r}, but {whose} {value!r}; "
                "only samples of one kind are joined"
            )
    return here | known
