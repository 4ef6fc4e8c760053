"""A graph of fixed size by whose time machines, and the other work on them, are compared.

It does what a generator of showers does for one response: a few dense layers, the product of
kernels along x and y that gives the light of 44 x 44 fibres, and elementwise arithmetic on them. No
trained weight is in it, so it stays the same when models, samples and bundles change.
"""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from timing import CALLS, WARM, call_seconds

from detcore.session import session as opened

WIDTH, LAYERS = 64, 6
KERNELS, SIDE = 20, 44
ROUNDS = 12
"""Of three operations on all fibres."""


def yardstick_graph() -> bytes:
    """The graph: noise of shape (1, WIDTH) in, light of shape (SIDE, SIDE) out."""
    rng = np.random.default_rng(0)
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(shape: tuple[int, ...]) -> str:
        name = f"constant{len(constants)}"
        values = rng.uniform(-0.1, 0.1, shape).astype(np.float32)
        constants.append(numpy_helper.from_array(values, name))
        return name

    def node(operator: str, *inputs: str) -> str:
        name = f"node{len(nodes)}"
        nodes.append(helper.make_node(operator, list(inputs), [name]))
        return name

    value = "noise"
    for _ in range(LAYERS):
        dense = node("Add", node("MatMul", value, constant((WIDTH, WIDTH))), constant((WIDTH,)))
        value = node("Tanh", dense)
    weights = node("MatMul", value, constant((WIDTH, KERNELS)))
    along_x = node("Exp", node("Mul", weights, constant((SIDE, KERNELS))))
    along_y = node("Exp", node("Mul", weights, constant((SIDE, KERNELS))))
    light = node("MatMul", along_x, node("Transpose", along_y))
    for _ in range(ROUNDS):
        light = node("Add", light, node("Sigmoid", node("Mul", light, constant((SIDE, SIDE)))))
    shapes = (("noise", (1, WIDTH)), (light, (SIDE, SIDE)))
    given, made = (helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in shapes)
    graph = helper.make_graph(nodes, "yardstick", [given], [made], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def session(graph: bytes) -> onnxruntime.InferenceSession:
    """The graph as a bundle's are opened."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "yardstick.onnx"
        path.write_bytes(graph)
        return opened(path, inputs=1)


def yardstick_seconds() -> float:
    """Median seconds of one call on this machine now, one thread."""
    noise = np.random.default_rng(1).standard_normal((CALLS + WARM, WIDTH)).astype(np.float32)
    return float(np.median(call_seconds(session(yardstick_graph()), noise)))
