"""Generation shared out over the tasks of a batch system's array.

Each task generates some of the shards and keeps them beside the output; a last job puts all of them
into the file, in their order, and generates what is missing. The noise belongs to the shard, so
the responses are those of one process.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from detcore.provenance import provenance
from detcore.share import Share
from zdcsim.generation import Shard, generated
from zdcsim.io.response_parts import ResponseParts
from zdcsim.response import Responses


def generate_share(shards: Sequence[Shard], out: Path, share: Share) -> Iterator[Responses]:
    """Generate the shards of a share that are not there yet; they are kept as they come.

    Arguments:
        shards: All shards of the output file.
        out: The output file, which is not written.
        share: Which of them.

    Raises:
        ValueError: If the shards of another generation lie beside the output.
    """
    parts = ResponseParts.beside(out)
    parts.claim(_record(shards))
    for shard in share.part(shards):
        if not parts.has(shard.number):
            responses = generated(shard)
            parts.keep(shard.number, responses)
            yield responses


def merged(shards: Sequence[Shard], out: Path) -> Iterator[Responses]:
    """Every shard in its order, read if a task has kept it, else generated; arguments as above."""
    parts = ResponseParts.beside(out)
    parts.claim(_record(shards))
    for shard in shards:
        yield parts.read(shard.number) if parts.has(shard.number) else generated(shard)


def _record(shards: Sequence[Shard]) -> dict[str, object]:
    """Everything that determines the responses."""
    digest = hashlib.sha256()
    for shard in shards:
        for column in (shard.particles.particle, shard.particles.pdg, shard.particles.conditions):
            digest.update(column.tobytes())
    first = shards[0]
    wanted = {name: [str(edge) for edge in edges] for name, edges in first.wanted.items()}
    return {
        "bundle_sha256": first.sha256,
        "particles_sha256": digest.hexdigest(),
        "seed": first.seed,
        "batch_size": first.batch_size,
        "wanted_properties": wanted,
        **provenance("zdcsim", "onnxruntime", "numpy"),
    }
