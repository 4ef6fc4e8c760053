"""The graph that turns wanted properties into numbers of the latent, see `zdcsim.steering`.

Axis key: N particles, P properties, W latent numbers.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from detcore.graph import write
from zdcsim.conditions import NAMES
from zdcsim.models.properties import PropertyHead
from zdcsim.steering import PROPERTIES


class _Numbers(nn.Module):
    def __init__(self, head: PropertyHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, conditions: Tensor, properties: Tensor) -> Tensor:
        return self.head.numbers(properties, conditions)


def write_properties(path: Path, head: PropertyHead, metadata: Mapping[str, object]) -> None:
    """Write scaled conditions (N, 9) and properties (N, P) to what bridge @ w must be (N, P).

    Raises:
        ValueError: If the graph is not one that O2's ONNX Runtime can load.
    """
    example = torch.zeros(2, len(NAMES)), torch.ones(2, len(PROPERTIES))
    write(path, _Numbers(head), example, ["conditions", "properties"], "numbers", metadata)


def properties_contract(head: PropertyHead) -> dict[str, object]:
    """Names and units of the properties, and the bridge (P, W) from latent to numbers."""
    bridge = head.matrix().detach().cpu().double().tolist()
    return {"names": list(PROPERTIES), "units": list(PROPERTIES.values()), "bridge": bridge}
