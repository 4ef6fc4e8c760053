"""The model zoo: generators that are found by name, see `detcore.zoo`."""

from typing import Any, Final

from detcore.zoo import VARIABLE, Zoo
from zdcsim.io.bundle import read_manifest, settings_of

__all__ = ["VARIABLE", "ZOO", "family", "folders", "found", "models"]

ZOO: Final = Zoo("zdcsim", read_manifest)
folders, found, models = ZOO.folders, ZOO.found, ZOO.bundles


def family(manifest: dict[str, Any]) -> str:
    """Family of a bundle's generator, as its training settings say."""
    return str(settings_of(manifest).get("family", "not stated"))
