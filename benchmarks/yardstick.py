"""A graph of fixed size by whose time machines, and the other work on them, are compared.

Machines differ threefold, and one shared with others twofold from minute to minute; what is
measured between two measurements of the same graph, and given in units of it, hardly does.

It does what a generator of showers does for one response: a few dense layers, the product of
kernels along x and y that gives the light of 44 x 44 fibres, and elementwise arithmetic on them. No
trained weight is in it, so it stays the same when models, samples and bundles change.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from detcore.session import session as opened

WIDTH, LAYERS = 64, 6
KERNELS, SIDE = 20, 44
ROUNDS = 12
"""Of three operations on all fibres."""
CALLS = 200
"""Of one measurement, some ten milliseconds."""
LOOKS = 100
"""Measurements for the seconds of a machine."""
FEWEST = 3
"""Measurements, however long they take."""


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


class Yardstick:
    """The graph, opened once."""

    def __init__(self) -> None:
        self.session = session(yardstick_graph())
        noise = np.random.default_rng(1).standard_normal((CALLS, 1, WIDTH)).astype(np.float32)
        self.feeds = [{"noise": each} for each in noise]
        self.seconds()  # the first calls take longer

    def seconds(self) -> float:
        """Median seconds of one call on this machine now, one thread."""
        spent = []
        for feed in self.feeds:
            start = time.perf_counter()
            self.session.run(None, feed)
            spent.append(time.perf_counter() - start)
        return statistics.median(spent)

    def steady(self) -> float:
        """Median of many measurements, a second in all."""
        return statistics.median(self.seconds() for _ in range(LOOKS))


def beside(
    yardstick: Yardstick, measure: Callable[[], float], times: int, longest: float
) -> dict[str, Any]:
    """Seconds of something, and how many yardsticks they are, each between two of these.

    Arguments:
        yardstick: What is timed before and after.
        measure: Does the thing once and gives its seconds.
        times: Measurements at most.
        longest: Seconds after which no more is begun, of those beyond `FEWEST`.
    """
    spent: list[float] = []
    over: list[float] = []
    start, before = time.perf_counter(), yardstick.seconds()
    while len(spent) < times:
        if len(spent) >= FEWEST and time.perf_counter() - start > longest:
            break
        spent.append(measure())
        after = yardstick.seconds()
        over.append(2 * spent[-1] / (before + after))
        before = after
    low, high = np.quantile(over, [0.25, 0.75])
    return {
        "median": statistics.median(spent),
        "smallest": min(spent),
        "largest": max(spent),
        "over_yardstick": statistics.median(over),
        "quartiles": [float(low), float(high)],
        "measurements": len(spent),
    }
