"""Which files a sample was made of, by SHA-256: a training sample stays known in another form.

A file that was converted, joined or grown names the files that it was made of, and those that they
were made of, in its provenance. Nothing is known of what was read at a URL.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from detcore.files import sha256
from zdcsim.io.block import Block

MADE_OF: Final = "made_of"
"""Entry of the provenance: the checksums."""


def made_of(provenance: Mapping[str, object]) -> set[str]:
    """Checksums of the files that a sample was made of; empty if it was converted from none."""
    found = provenance.get(MADE_OF)
    return set(map(str, found)) if isinstance(found, list | tuple) else set()


def checksums(
    path: Path, provenance: Mapping[str, object] = MappingProxyType({})
) -> tuple[str, ...]:
    """Checksums of a file and of what it was made of, as its provenance says, for `MADE_OF`."""
    return sha256(path), *sorted(made_of(provenance))


def in_order(paths: Iterable[Path]) -> str:
    """SHA-256 of files, one after the other with a space between, as a training records them."""
    return " ".join(map(sha256, paths))


def recorded(blocks: Iterable[Block], sources: Iterable[str]) -> Iterator[Block]:
    """Blocks whose provenance names what they were made of.

    Arguments:
        blocks: As they were read.
        sources: Checksums, which are asked for when the first block has been read.
    """
    known: list[str] = []
    for block in blocks:
        known = known or list(dict.fromkeys(sources))
        yield block.stating({MADE_OF: known} if known else {})
