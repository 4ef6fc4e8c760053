"""The model zoo: classifiers that are found by name, see `detcore.zoo`."""

from typing import Final

from detcore.zoo import VARIABLE, Zoo
from pid.io.bundle import read_manifest

__all__ = ["VARIABLE", "ZOO", "folders", "found", "models"]

ZOO: Final = Zoo("pid", read_manifest)
folders, found, models = ZOO.folders, ZOO.found, ZOO.bundles
