"""Bundles that are found by name.

A name is looked for in the folders of the environment variable ZDCSIM_MODELS (a list, as PATH is),
then in the folder `data` of the checkout that the package runs from, then among the bundles that
the wheel carries.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from detcore.bundle import MANIFEST

VARIABLE = "ZDCSIM_MODELS"
CARRIED = "bundles"
"""Folder of an installed package that holds them; setup.py fills it."""

INSTALLED = Path(__file__).resolve().parents[1]


class Zoo(NamedTuple):
    """The bundles of one package.

    Attributes:
        package: Its name.
        read_manifest: Reads the manifest in a folder; ValueError if it is another package's.
    """

    package: str
    read_manifest: Callable[[Path], dict[str, Any]]

    def folders(self) -> list[Path]:
        """Where bundles are looked for, first come first served."""
        named = os.environ.get(VARIABLE, "").split(os.pathsep)
        own = [INSTALLED / "data", INSTALLED / self.package / CARRIED]
        return [*(Path(folder) for folder in named if folder), *own]

    def bundles(self) -> Iterator[tuple[str, Path, dict[str, Any]]]:
        """Name, folder and manifest of every bundle that is found, each name once."""
        seen: set[str] = set()
        for folder in self.folders():
            for manifest in sorted(folder.glob(f"*/{MANIFEST}")):
                name = manifest.parent.name
                if name in seen:
                    continue
                try:
                    described = self.read_manifest(manifest.parent)
                except ValueError:
                    continue  # a bundle of another package
                seen.add(name)
                yield name, manifest.parent, described

    def found(self, bundle: Path) -> Path:
        """The folder of a bundle given by its path or by its name.

        Raises:
            ValueError: If it is neither; names what there is.
        """
        if bundle.exists():
            return bundle
        known = {name: folder for name, folder, _ in self.bundles()}
        if str(bundle) in known:
            return known[str(bundle)]
        raise ValueError(
            f"{bundle} is neither a folder nor a model of the zoo; known models: "
            f"{', '.join(known) or 'none'} (more are looked for in ${VARIABLE})"
        )
