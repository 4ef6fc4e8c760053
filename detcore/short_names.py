"""Short names for the nodes of a graph and the values between them.

An unrolled sampler has thousands of nodes, and the path of the module that made each is most of
their bytes. Nodes keep names of their own: ONNX Runtime 1.18 names what it fuses after them.
"""

from collections.abc import Iterator
from itertools import count

from onnx import AttributeProto, GraphProto


def shorten(graph: GraphProto) -> None:
    """Rename every node, and every value that is neither input, output nor weight."""
    fixed = {value.name for value in (*graph.input, *graph.output)}
    _rename(graph, {name: name for name in (*fixed, "")}, count())
    del graph.value_info[:]


def _rename(graph: GraphProto, known: dict[str, str], numbers: Iterator[int]) -> None:
    for tensor in graph.initializer:
        known.setdefault(tensor.name, tensor.name)
    for node in graph.node:
        node.name, node.doc_string = f"n{next(numbers)}", ""
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                _rename(attribute.g, known, numbers)
        for names in (node.input, node.output):
            names[:] = [known.setdefault(name, f"v{len(known)}") for name in names]
    for value in graph.output:
        value.name = known.setdefault(value.name, f"v{len(known)}")
