"""What a sample was made of: a training sample stays known in another form.

A file that was converted, joined or grown names the files that it was made of, and those that they
were made of, by SHA-256 in its provenance. Nothing is known of what was read at a URL.

Files that have nothing in common can still hold the same particles: those of a larger production
begin with those of a smaller one, so one seed and source of `zdcsim simulate` are one production.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

from detcore.files import sha256
from zdcsim.io.block import Block
from zdcsim.shower_physics import DATA_KIND, GEANT4

MADE_OF: Final = "made_of"
"""Entry of the provenance: the checksums."""
GROWN_FROM: Final = "grown_from"
"""Entry of the provenance that names the origin of the smaller sample that this one grew from."""
PRODUCTIONS: Final = "productions"
"""Entry of the provenance of joined samples: the productions of all of them."""
CHOICES: Final = ("impacts",)
"""Settings of a source that choose among its particles; the others decide which there are."""


@dataclass(frozen=True)
class Origin:
    """Where a part of a sample comes from.

    Arguments:
        name: Of the source, for messages.
        files: Checksums of its own files; none of a URL.
        made_of: Checksums of the files that those were made of.
        productions: Of its showers, see `productions`.
    """

    name: str
    files: tuple[str, ...]
    made_of: frozenset[str] = frozenset()
    productions: frozenset[str] = frozenset()


def made_of(provenance: Mapping[str, object]) -> set[str]:
    """Checksums of the files that a sample was made of; empty if it was converted from none."""
    found = provenance.get(MADE_OF)
    return set(map(str, found)) if isinstance(found, list | tuple) else set()


def productions(provenance: Mapping[str, object]) -> set[str]:
    """The productions of our own Monte Carlo that a sample has showers of.

    Returns:
        Of each what decides over its primaries, as text: calorimeter, seed and source. Empty for
        what our Geant4 did not simulate.
    """
    listed = provenance.get(PRODUCTIONS)
    if isinstance(listed, list | tuple):
        return set(map(str, listed))
    source, seed = provenance.get("source"), provenance.get("seed")
    if provenance.get(DATA_KIND) != GEANT4 or not isinstance(source, Mapping) or seed is None:
        return set()
    deciding = {key: value for key, value in source.items() if key not in CHOICES}
    return {json.dumps([provenance.get("calorimeter"), seed, deciding], sort_keys=True)}


def file_origin(path: Path, provenance: Mapping[str, object]) -> Origin:
    """Where the responses of a file of ours come from, as its provenance says."""
    sources, simulated = frozenset(made_of(provenance)), frozenset(productions(provenance))
    return Origin(str(path), (sha256(path),), sources, simulated)


def checksums(origins: Iterable[Origin]) -> list[str]:
    """Checksums of files and of what they were made of, each once, for `MADE_OF`."""
    named = (sum_ for each in origins for sum_ in (*each.files, *sorted(each.made_of)))
    return list(dict.fromkeys(named))


def in_order(paths: Iterable[Path]) -> str:
    """SHA-256 of files, one after the other with a space between, as a training records them."""
    return " ".join(map(sha256, paths))


def check_apart(origins: Sequence[Origin]) -> None:
    """Refuse sources with the same showers, which would count as copies of their particles.

    Raises:
        ValueError: If one is in another or both are of one production.
    """
    for one, other in combinations(origins, 2):
        for inner, outer in ((one, other), (other, one)):
            if inner.files and {*outer.files, *outer.made_of}.issuperset(inner.files):
                raise ValueError(
                    f"{inner.name} is in {outer.name}, and its responses would count twice; name "
                    "one of the two"
                )
        if one.productions & other.productions:
            raise ValueError(
                f"{one.name} and {other.name} have the same particles, of one source and one "
                "seed, whose showers would count twice; name the larger, or simulate one of them "
                "with another --seed"
            )


def recorded(blocks: Iterable[Block], origins: Iterable[Origin]) -> Iterator[Block]:
    """Blocks whose provenance names what they were made of.

    Arguments:
        blocks: As they were read.
        origins: Of all of them, asked for when the first block has been read.

    Raises:
        ValueError: If two origins have the same showers.
    """
    known: list[Origin] | None = None
    stated: dict[str, object] = {}
    for block in blocks:
        if known is None:
            known = list(origins)
            check_apart(known)
            stated = _stated(known)
        yield block.stating(stated)


def _stated(origins: Sequence[Origin]) -> dict[str, object]:
    """Entries of the provenance; a single origin already states its productions."""
    files = checksums(origins)
    simulated = sorted(frozenset().union(*(each.productions for each in origins)))
    found: dict[str, object] = {MADE_OF: files} if files else {}
    return found | ({PRODUCTIONS: simulated} if simulated and len(origins) > 1 else {})
