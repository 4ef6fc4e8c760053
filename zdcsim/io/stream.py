"""Responses written to ROOT block by block, for samples that do not fit in memory."""

from collections.abc import Iterable
from pathlib import Path

import uproot

from detcore.files import replacing
from zdcsim.io import tree
from zdcsim.response import Responses


def write_blocks(path: Path, blocks: Iterable[Responses]) -> int:
    """Write blocks of responses one after the other, as `tree.write` writes them together.

    Arguments:
        path: The file, complete or absent; replaced when it exists.
        blocks: Responses of one calorimeter; the provenance of the first goes into the file.

    Returns:
        The number of responses written.

    Raises:
        ValueError: If there is no response.
    """
    written = 0
    with replacing(path) as partial, uproot.recreate(partial) as file:
        for block in blocks:
            if written:
                file[tree.TREE].extend(tree.columns(block))
            else:
                tree.write_into(file, block)
            written += len(block)
        if not written:
            raise ValueError(f"there are no responses to write to {path}")
    return written
