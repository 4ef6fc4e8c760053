"""Responses written to ROOT block by block, for samples that do not fit in memory."""

from collections.abc import Iterable
from pathlib import Path

import uproot

from detcore.files import replacing
from zdcsim.io import tree
from zdcsim.io.block import Block
from zdcsim.response import Responses


def write_blocks(path: Path, blocks: Iterable[Responses]) -> int:
    """Write blocks of responses one after the other, as `tree.write` writes them together.

    Arguments:
        path: The file, complete or absent; replaced when it exists.
        blocks: Responses of one calorimeter; the provenance of the first goes into the file.

    Returns:
        The number of responses written.

    Raises:
        ValueError: If there is no response, or the blocks are of different calorimeters.
    """
    return write_with_missed(path, map(Block, blocks))


def write_with_missed(path: Path, blocks: Iterable[Block]) -> int:
    """Write blocks of responses and of primaries without light; see `write_blocks`."""
    written, calorimeter = 0, None
    with replacing(path) as partial, uproot.recreate(partial) as file:
        for block in blocks:
            calorimeter = calorimeter or block.responses.calorimeter
            if block.responses.calorimeter != calorimeter:
                raise ValueError(f"{path} cannot hold responses of two calorimeters")
            more = {} if block.event is None else {tree.EVENT: block.event}
            if len(block.responses):
                tree.write_into(file, block.responses, more)
            written += len(block.responses)
            if len(block.missed_pdg):
                tree.extend_missed(file, block.missed_pdg, block.missed_conditions)
        if not written:
            raise ValueError(f"there are no responses to write to {path}")
    return written
