"""Generated shards, kept in a folder beside the output until the output is written."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detcore.claim import claim
from zdcsim.io import tree
from zdcsim.response import Responses


@dataclass(frozen=True)
class ResponseParts:
    """The folder of the finished shards of one output file."""

    folder: Path

    @classmethod
    def beside(cls, out: Path) -> "ResponseParts":
        """The folder that belongs to an output file."""
        return cls(out.with_name(f".{out.name}.parts"))

    def claim(self, record: Mapping[str, Any]) -> None:
        """Start the folder, or take it up; see `detcore.claim`."""
        claim(self.folder, record)

    def has(self, number: int) -> bool:
        """Whether a shard is finished."""
        return self._path(number).exists()

    def keep(self, number: int, responses: Responses) -> None:
        """Keep a shard, complete or not at all."""
        tree.write(self._path(number), responses)

    def read(self, number: int) -> Responses:
        """A shard that is finished."""
        return tree.read(self._path(number))

    def remove(self) -> None:
        """Remove the folder, once the output is written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.root"
