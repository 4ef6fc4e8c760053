"""Networks as ONNX graphs that O2's ONNX Runtime loads.

Opset 17 and IR 8 load in every version that O2 has used since 2022; torch's newer exporter writes
newer ones.

Axis key: N rows.
"""

import copy
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn
from torch.jit._trace import TracerWarning

from detcore.short_names import shorten

OPSET = 17
IR_VERSION = 8
OPERATORS = {"": OPSET}
"""Operator sets by domain; the empty one is ONNX itself."""


def write(
    path: Path,
    network: nn.Module,
    example: tuple[Tensor, ...],
    inputs: list[str],
    output: str,
    metadata: Mapping[str, object],
) -> None:
    """Write a network as a graph with an open first axis.

    Arguments:
        path: The .onnx file.
        network: Takes as many tensors as there are inputs and returns one.
        example: Inputs to trace with.
        inputs: Their names, in order.
        output: Name of the output.
        metadata: Written into the file, every value as JSON.

    Raises:
        ValueError: If the graph is not one that O2 can load.
    """
    frozen = copy.deepcopy(network).cpu().float().eval()
    with torch.no_grad(), _known_warnings_silenced():
        torch.onnx.export(
            frozen,
            example,
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=inputs,
            output_names=[output],
            dynamic_axes={name: {0: "N"} for name in [*inputs, output]},
        )
    save(path, onnx.load(path), inputs, metadata)


def save(
    path: Path,
    model: onnx.ModelProto,
    inputs: Sequence[str],
    metadata: Mapping[str, object],
    operators: Mapping[str, int] = OPERATORS,
) -> None:
    """Write a graph with the IR version of O2 and metadata, every value as JSON.

    Raises:
        ValueError: If the graph is not one that O2 can load.
    """
    shorten(model.graph)
    model.ir_version = IR_VERSION
    text = {key: json.dumps(value) for key, value in metadata.items()}
    onnx.helper.set_model_props(model, text)
    check(model, inputs, operators)
    onnx.save(model, path)


def check(
    model: onnx.ModelProto, inputs: Sequence[str], operators: Mapping[str, int] = OPERATORS
) -> None:
    """Refuse a graph that O2's ONNX Runtime would not load or would feed wrongly.

    Arguments:
        model: The graph.
        inputs: Names of its inputs, in the order in which O2 fills them.
        operators: The operator sets that it must use, version by domain.

    Raises:
        ValueError: If inputs, operator set, IR version or an operator is not as O2 needs it.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as problem:
        raise ValueError(f"the exported graph is not valid ONNX: {problem}") from problem
    found = [value.name for value in model.graph.input]
    if found != list(inputs):
        raise ValueError(f"O2 fills the inputs {inputs} by position; the graph has {found}")
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    if opsets != dict(operators) or model.ir_version != IR_VERSION:
        raise ValueError(
            f"O2 needs ONNX operators only, opsets {dict(operators)} and IR {IR_VERSION}; "
            f"the graph has {opsets} and IR {model.ir_version}"
        )
    foreign = sorted({node.op_type for node in model.graph.node if node.domain not in operators})
    if foreign:
        raise ValueError(f"O2 has no custom operators; the graph uses {', '.join(foreign)}")


@contextmanager
def _known_warnings_silenced() -> Iterator[None]:
    """Without what torch 2.13 says at every export: that this exporter is no longer its default.

    Tracing also warns of the Python `if` with which torch's normalisations refuse a single number;
    no grid of fibres can take that branch.
    """
    with warnings.catch_warnings():
        for message in (
            "You are using the legacy TorchScript-based ONNX export",
            "The feature will be removed. Please remove usage of this function",
        ):
            warnings.filterwarnings("ignore", message=message, category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=TracerWarning, module=r"torch\.nn\.functional")
        yield
