"""Finished parts of an output file, kept in a folder beside it until it is written.

Work that was killed goes on from this folder; work with other settings is refused.
"""

import os
import platform
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from detcore.claim import claim


@dataclass(frozen=True)
class Parts:
    """The folder of the finished parts of one output file; what a part is, its package says."""

    folder: Path

    @classmethod
    def beside(cls, out: Path) -> Self:
        """The folder that belongs to an output file."""
        return cls(out.with_name(f".{out.name}.parts"))

    def claim(self, record: Mapping[str, Any]) -> str:
        """Start the folder, or take it up; see `detcore.claim`."""
        return claim(self.folder, record)

    def remove(self) -> None:
        """Remove the folder, once the output is written."""
        with suppress(OSError):
            shutil.rmtree(self.retired())

    def retired(self) -> Path:
        """The folder under a name that no work looks for, so that none takes up half of it.

        Raises:
            FileNotFoundError: If there is no folder.
        """
        name = f"{self.folder.name}.{platform.node()}.{os.getpid()}.removed"
        return self.folder.rename(self.folder.with_name(name))
