"""A mixture of experts as an ONNX graph that computes the chosen experts only.

A trace of the network would lose its branches. The router and every expert are traced alone, and
joined: for each expert, the rows that chose it are gathered, computed and put into the result, in
an `If` that is skipped when there are none. At batch 1, as in O2, one expert runs.

Axis key: N particles, M those of one expert, Nx by Ny fibres.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from onnx import GraphProto, NodeProto, compose, helper, numpy_helper
from torch import Tensor, nn

from detcore.graph import OPSET, save
from zdcsim.conditions import NAMES
from zdcsim.export.pieces import ANSWER, declared, no_light, traced
from zdcsim.models.expertsim import ExpertSimGenerator

INPUTS = ["noise", "conditions"]
MINE = "mine"


class _Choice(nn.Module):
    def __init__(self, generator: ExpertSimGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, conditions: Tensor) -> Tensor:
        return self.generator.chosen(conditions)


def write_experts(
    path: Path,
    generator: ExpertSimGenerator,
    experts: Sequence[nn.Module],
    output: str,
    metadata: Mapping[str, object],
) -> None:
    """Write noise (N, Z) and scaled conditions (N, 9) to the answers of the chosen experts.

    Arguments:
        path: The .onnx file.
        generator: Its router chooses.
        experts: What is computed for each choice: noise and conditions to (M, Ny, Nx).
        output: Name of the output.
        metadata: Written into the file, every value as JSON.

    Raises:
        ValueError: If the graph is not one that O2 can load.
    """
    size, (nx, ny) = generator.noise_size, generator.calorimeter.shape
    example = torch.zeros(2, size), torch.zeros(2, len(NAMES))
    router = traced(_Choice(generator), example[1:], INPUTS[1:])
    parts = [traced(expert, example, INPUTS) for expert in experts]
    empty, sizes = no_light(INPUTS[0], "empty", ny, nx)
    nodes = [*router.graph.node, *empty]
    constants = [*router.graph.initializer, *sizes]
    constants.append(numpy_helper.from_array(np.array(0), "zero"))
    result = "empty"
    for k, part in enumerate(parts):
        last = output if k == len(parts) - 1 else f"after_{k}"
        nodes += _branch(k, part.graph, result, last)
        constants.append(numpy_helper.from_array(np.array(k), f"number_{k}"))
        result = last
    of = [declared(name, ["N", n]) for name, n in zip(INPUTS, (size, len(NAMES)), strict=True)]
    graph = helper.make_graph(
        nodes, "experts", of, [declared(output, ["N", ny, nx])], initializer=constants
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    save(path, model, INPUTS, metadata)


def _branch(k: int, part: GraphProto, before: str, after: str) -> list[NodeProto]:
    """Nodes that put expert k's answers into the result `before`, giving `after`."""
    mine = f"{MINE}_{k}"
    return [
        helper.make_node("Equal", [ANSWER, f"number_{k}"], [f"chose_{k}"]),
        helper.make_node("NonZero", [f"chose_{k}"], [f"columns_{k}"]),
        helper.make_node("Transpose", [f"columns_{k}"], [mine], perm=[1, 0]),
        helper.make_node("Size", [mine], [f"size_{k}"]),
        helper.make_node("Greater", [f"size_{k}", "zero"], [f"any_{k}"]),
        helper.make_node(
            "If",
            [f"any_{k}"],
            [after],
            then_branch=_computed(k, part, before, mine),
            else_branch=_kept(k, before),
        ),
    ]


def _computed(k: int, part: GraphProto, before: str, mine: str) -> GraphProto:
    """Gather the rows, compute them, scatter them into the result."""
    prefix = f"expert_{k}/"
    inner = compose.add_prefix_graph(part, prefix)
    gathered = [helper.make_node("GatherND", [name, mine], [prefix + name]) for name in INPUTS]
    out = f"{prefix}scattered"
    scatter = helper.make_node("ScatterND", [before, mine, f"{prefix}{ANSWER}"], [out])
    return helper.make_graph(
        [*gathered, *inner.node, scatter],
        f"expert {k}",
        [],
        [declared(out, None)],
        initializer=inner.initializer,
    )


def _kept(k: int, before: str) -> GraphProto:
    out = f"kept_{k}"
    node = helper.make_node("Identity", [before], [out])
    return helper.make_graph([node], f"no expert {k}", [], [declared(out, None)])
