"""Pieces of graphs that are put together from several networks.

Axis key: N particles, Nx by Ny fibres.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper
from torch import Tensor, nn

from detcore.graph import write

ANSWER = "answer"


def traced(network: nn.Module, example: tuple[Tensor, ...], inputs: Sequence[str]) -> ModelProto:
    """The network's graph, with the output `ANSWER`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.onnx"
        write(path, network, example, list(inputs), ANSWER, {})
        return onnx.load(path)


def declared(name: str, shape: Sequence[str | int] | None) -> ValueInfoProto:
    """An input or output of float32."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def no_light(
    rows_of: str, output: str, ny: int, nx: int
) -> tuple[list[NodeProto], list[TensorProto]]:
    """Nodes that make zeros of shape (N, Ny, Nx), and their constants.

    Arguments:
        rows_of: A value whose first axis is N.
        output: Name of the zeros, and beginning of the names in between.
        ny: Fibres along y.
        nx: Fibres along x.
    """
    shape, rows, full = (f"{output}_{part}" for part in ("shape", "rows", "full"))
    numbers = {"first": [0], "one": [1], "face": [ny, nx]}
    constants = [
        numpy_helper.from_array(np.array(value), f"{output}_{name}")
        for name, value in numbers.items()
    ]
    nodes = [
        helper.make_node("Shape", [rows_of], [shape]),
        helper.make_node("Slice", [shape, f"{output}_first", f"{output}_one"], [rows]),
        helper.make_node("Concat", [rows, f"{output}_face"], [full], axis=0),
        helper.make_node("ConstantOfShape", [full], [output]),
    ]
    return nodes, constants
