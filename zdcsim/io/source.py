"""Where responses are read from: one call for every kind of file, block by block.

==========  ==============================================================================
kind        what it is
==========  ==============================================================================
`zdcsim`    ROOT file of `zdcsim simulate` or `zdcsim generate`: tree `responses`
`store`     training store, .h5
`o2sim`     ROOT file of o2-sim-serial with recorded responses: tree `o2sim`, also at a URL
`text`      folder of the text files of Extract.C
`arrays`    .npz or .npy file of images, beside one of conditions
==========  ==============================================================================

`auto` tells them apart by name and, for ROOT, by the trees, and asks where it cannot.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detcore.files import sha256
from zdcsim.geometry import Calorimeter
from zdcsim.io import arrays, legacy, lineage, o2_branches, o2sim, own_file, store, tree
from zdcsim.io.arrays import ArraySettings
from zdcsim.io.block import Block
from zdcsim.io.legacy import LegacySettings
from zdcsim.io.lineage import Origin
from zdcsim.io.npy import PICKLES
from zdcsim.io.o2sim import O2Settings
from zdcsim.io.rootfile import is_url, names, opened

Kind = Literal["zdcsim", "store", "o2sim", "text", "arrays"]


@dataclass(frozen=True)
class SourceSettings:
    """The settings of every kind of source; each kind uses its own.

    Arguments:
        o2sim: For O2's own files.
        text: For the text files.
        arrays: For array files.
        particles: The array file of conditions.
    """

    o2sim: O2Settings
    text: LegacySettings
    arrays: ArraySettings
    particles: Path | None = None

    @property
    def calorimeter(self) -> Calorimeter:
        """The calorimeter that is read of a source with both."""
        return self.o2sim.calorimeter


def kind_of(location: Path | str) -> Kind:
    """The kind of a source, where its name or its trees leave no doubt.

    Raises:
        FileNotFoundError: If it is absent.
        ValueError: If it could be of several kinds, or is of none.
    """
    path = Path(str(location))
    if not is_url(location):
        if not path.exists():
            raise FileNotFoundError(f"no file {path}")
        if own_file.is_store(path):
            return "store"
        if path.is_dir() and any(path.glob(f"{legacy.EXAMPLES}*.txt")):
            return "text"
        if path.suffix in (".npz", ".npy", *PICKLES):
            return "arrays"
    if path.suffix == ".root":
        return _kind_of_root(location)
    raise ValueError(f"what {location} holds cannot be told from its name; say it with --kind")


def _kind_of_root(location: Path | str) -> Kind:
    with opened(location) as file:
        trees = [name for name in (tree.TREE, o2_branches.TREE) if name in file]
        found = names(file)
    if trees == [tree.TREE]:
        return "zdcsim"
    if trees == [o2_branches.TREE]:
        return "o2sim"
    expected = f"{tree.TREE!r} (ours) or {o2_branches.TREE!r} (O2's)"
    if trees:
        raise ValueError(f"{location} has both trees {expected}; say which with --kind")
    raise ValueError(f"{location} has no tree {expected}; found {found}")


def blocks(location: Path | str, kind: Kind, settings: SourceSettings) -> Iterator[Block]:
    """The responses of a source, block by block.

    Raises:
        FileNotFoundError: If a file is absent.
        ValueError: If the source is not what its kind says; one sentence says why.
    """
    if kind == "o2sim":
        return o2sim.blocks(location, settings.o2sim)
    if is_url(location):
        raise ValueError(f"only o2sim files are read at a URL; copy {location} here first")
    path = Path(location)
    if kind == "text":
        return legacy.blocks(path, settings.text)
    if kind == "arrays":
        return arrays.blocks(path, _particles(settings, path), settings.arrays)
    if kind == "store":
        return _of(settings.calorimeter, store.blocks(path), path)
    return _of(settings.calorimeter, tree.blocks(path), path)


def origin(location: Path | str, kind: Kind, settings: SourceSettings) -> Origin:
    """Where the responses of a source come from.

    Returns:
        Without checksums for a URL, which would be read once more.

    Raises:
        FileNotFoundError: If a file is absent.
        ValueError: If a file of ours is not complete.
    """
    if kind in ("zdcsim", "store") and not is_url(location):
        path = Path(location)
        return lineage.file_origin(path, own_file.provenance_of(path))
    return Origin(str(location), tuple(map(sha256, _read_files(location, kind, settings))))


def _read_files(location: Path | str, kind: Kind, settings: SourceSettings) -> list[Path]:
    """The files of a source that is not ours; none of a URL."""
    path = Path(location)
    if is_url(location):
        return []
    if kind == "text":
        read = legacy.files(path, settings.text)[: 2 if settings.text.zeros == "none" else 3]
        return [each for each in read if each.exists()]
    return [path, _particles(settings, path)] if kind == "arrays" else [path]


def _particles(settings: SourceSettings, images: Path) -> Path:
    if settings.particles is None:
        raise ValueError(f"{images} has the images alone; name the file of their conditions too")
    return settings.particles


def _of(calorimeter: Calorimeter, read: Iterator[Block], path: Path) -> Iterator[Block]:
    for block in read:
        if block.responses.calorimeter != calorimeter:
            raise ValueError(
                f"{path} holds responses of {block.responses.calorimeter.name}; "
                f"{calorimeter.name} was asked for"
            )
        yield block
