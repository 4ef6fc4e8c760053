"""Generated shards, kept in a folder beside the output until the output is written."""

from pathlib import Path

from detcore.parts import Parts
from zdcsim.io import tree
from zdcsim.response import Responses


class ResponseParts(Parts):
    """The folder of the finished shards of one output file."""

    def has(self, number: int) -> bool:
        """Whether a shard is finished."""
        return self._path(number).exists()

    def keep(self, number: int, responses: Responses) -> None:
        """Keep a shard, complete or not at all."""
        tree.write(self._path(number), responses)

    def read(self, number: int) -> Responses:
        """A shard that is finished."""
        return tree.read(self._path(number))

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.root"
