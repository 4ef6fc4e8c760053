"""Weights stored in fewer bits than they are used with.

A graph's size is that of its weights. Here a network's learnt numbers are rounded to what a shorter
format can hold, and the graph keeps them in that format with the operators that make float32 of
them; a runtime folds these when it loads the graph, so it computes as before. What is no learnt
number (tables, scalings) is not rounded and stays as it is: an array is stored short only if
nothing is lost.

float16: 11 binary digits of each number. int8: whole numbers from -127 to 127 times one number for
each output of a layer, itself cut to 12 binary digits so that every product is exact in float32.
"""

import copy
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

Storage = Literal["float32", "float16", "int8"]
Network = TypeVar("Network", bound=nn.Module)

SMALLEST = 256
"""Arrays with fewer numbers stay as they are."""

LARGEST_STEP = 127
DIGITS = 12
LARGEST_FLOAT16 = float(np.finfo(np.float16).max)


def rounded(network: Network, storage: Storage) -> Network:
    """A copy whose learnt numbers are those that the storage can hold.

    int8 rounds only arrays of two or more axes, by their first one: biases are few and matter.

    Raises:
        ValueError: If a number is too large for float16.
    """
    found = copy.deepcopy(network)
    with torch.no_grad():
        for name, values in found.named_parameters():
            if storage == "float16":
                if not values.abs().max() <= LARGEST_FLOAT16:
                    raise ValueError(f"{name} holds a number too large for float16; keep float32")
                values.copy_(values.half().float())
            elif storage == "int8" and values.dim() > 1 and values.numel() >= SMALLEST:
                values.copy_(_steps(values.flatten(1)).reshape(values.shape))
    return found


def _steps(rows: Tensor) -> Tensor:
    """Whole multiples of each row's step, shape (R, N)."""
    largest = rows.abs().amax(1, keepdim=True).double()
    mantissa, exponent = torch.frexp(largest / LARGEST_STEP)
    cut = torch.ceil(mantissa * 2**DIGITS) / 2**DIGITS
    step = torch.ldexp(cut, exponent)
    return torch.where(step > 0, torch.round(rows / step) * step, 0.0).float()


def compact(path: Path, storage: Storage) -> None:
    """Store the weights of an ONNX file in fewer bits where nothing is lost.

    Arguments:
        path: Graph of a network that `rounded` gave.
        storage: The same as there.
    """
    if storage == "float32":
        return
    model: ModelProto = onnx.load(path)
    _compact(model.graph, storage)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def _compact(graph: GraphProto, storage: Storage) -> None:
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _compact(attribute.g, storage)
    kept: list[TensorProto] = []
    made: list[NodeProto] = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALLEST:
            kept.append(tensor)
            continue
        arrays, nodes = _short(tensor.name, values, storage)
        kept += arrays or [tensor]
        made += nodes
    nodes = [*made, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)


def _short(
    name: str, values: NDArray[np.float32], storage: Storage
) -> tuple[list[TensorProto], list[NodeProto]]:
    """Short arrays, and the nodes that make the named one of them; nothing if that loses digits."""
    if storage == "float16":
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            return [], []
        cast = helper.make_node("Cast", [f"{name}_16"], [name], to=TensorProto.FLOAT)
        return [numpy_helper.from_array(half, f"{name}_16")], [cast]
    for axis in range(values.ndim):
        step = _step(values, axis)
        whole = np.round(np.divide(values, step, out=np.zeros_like(values), where=step > 0))
        if np.array_equal(whole * step, values):
            arrays: dict[str, NDArray[Any]] = {
                f"{name}_8": whole.astype(np.int8),
                f"{name}_step": step,
            }
            nodes = [
                helper.make_node("Cast", [f"{name}_8"], [f"{name}_whole"], to=TensorProto.FLOAT),
                helper.make_node("Mul", [f"{name}_whole", f"{name}_step"], [name]),
            ]
            return [numpy_helper.from_array(array, key) for key, array in arrays.items()], nodes
    return [], []


def _step(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Of every slice along an axis; exact if the slices are multiples of one."""
    others = tuple(k for k in range(values.ndim) if k != axis)
    largest = np.abs(values).max(axis=others, keepdims=True)
    step: NDArray[np.float32] = largest / np.float32(LARGEST_STEP)
    return step
