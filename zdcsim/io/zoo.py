"""The model zoo: bundles that are found by name.

A name is looked for in the folders of the environment variable ZDCSIM_MODELS (a list, as PATH is),
then in the folder `data` of the checkout that the package runs from.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detcore.bundle import MANIFEST
from zdcsim.io.bundle import read_manifest

VARIABLE = "ZDCSIM_MODELS"


def folders() -> list[Path]:
    """Where bundles are looked for, first come first served."""
    named = os.environ.get(VARIABLE, "").split(os.pathsep)
    checkout = Path(__file__).resolve().parents[2] / "data"
    return [*(Path(folder) for folder in named if folder), checkout]


def models() -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Name, folder and manifest of every generator that is found, each name once."""
    seen: set[str] = set()
    for folder in folders():
        for manifest in sorted(folder.glob(f"*/{MANIFEST}")):
            name = manifest.parent.name
            if name in seen:
                continue
            try:
                described = read_manifest(manifest.parent)
            except ValueError:
                continue  # a bundle of another package, such as pid's
            seen.add(name)
            yield name, manifest.parent, described


def found(model: Path) -> Path:
    """The folder of a bundle given by its path or by its name in the zoo.

    Raises:
        ValueError: If it is neither; names what there is.
    """
    if model.exists():
        return model
    known = {name: folder for name, folder, _ in models()}
    if str(model) in known:
        return known[str(model)]
    raise ValueError(
        f"{model} is neither a folder nor a model of the zoo; known models: "
        f"{', '.join(known) or 'none'} (more are looked for in ${VARIABLE})"
    )


def family(manifest: dict[str, Any]) -> str:
    """Family of a bundle's generator, as its training settings say."""
    record = manifest.get("training", {}).get("generator", {})
    return str(record.get("settings", {}).get("family", "not stated"))
