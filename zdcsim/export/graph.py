"""Networks as ONNX graphs that O2's ONNX Runtime loads.

Opset 17 and IR 8 load in every version that O2 has used since 2022; torch's newer exporter writes
newer ones. O2 takes inputs by position, noise first, and scales the conditions itself.

Axis key: N particles.
"""

import copy
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn
from torch.jit._trace import TracerWarning

from zdcsim.conditions import NAMES
from zdcsim.export.photon_encoding import O2Photons
from zdcsim.io.bundle import NOISE_SIZE

OPSET = 17
IR_VERSION = 8
NOISE = "noise"
CONDITIONS = "conditions"
LOG_PHOTONS = "log_photons"
PROBABILITY = "probability"


class O2Generator(nn.Module):
    """A generator with O2's last step: noise (N, 10), scaled conditions (N, 9) to (N, Ny, Nx)."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator
        self.photons = O2Photons()

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        encoded: Tensor = self.photons(self.generator(noise, conditions))
        return encoded


def write_generator(path: Path, generator: nn.Module, metadata: Mapping[str, object]) -> None:
    """Write a generator as O2 runs it: inputs noise and conditions, output log photons.

    Arguments:
        path: The .onnx file.
        generator: Noise (N, 10) and scaled conditions (N, 9) to log photons (N, Nx, Ny).
        metadata: Written into the file, every value as JSON.

    Raises:
        ValueError: If the graph is not one that O2 can load.
    """
    example = (torch.zeros(2, NOISE_SIZE), torch.zeros(2, len(NAMES)))
    _write(path, O2Generator(generator), example, [NOISE, CONDITIONS], LOG_PHOTONS, metadata)


def write_classifier(path: Path, classifier: nn.Module, metadata: Mapping[str, object]) -> None:
    """Write a signal classifier: scaled conditions (N, 9) to the probability of light (N, 1).

    Arguments:
        path: The .onnx file.
        classifier: Scaled conditions (N, 9) to a probability (N, 1).
        metadata: Written into the file, every value as JSON.

    Raises:
        ValueError: If the graph is not one that O2 can load.
    """
    example = (torch.zeros(2, len(NAMES)),)
    _write(path, classifier, example, [CONDITIONS], PROBABILITY, metadata)


def _write(
    path: Path,
    network: nn.Module,
    example: tuple[Tensor, ...],
    inputs: list[str],
    output: str,
    metadata: Mapping[str, object],
) -> None:
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
    model = onnx.load(path)
    model.ir_version = IR_VERSION
    text = {key: json.dumps(value) for key, value in metadata.items()}
    onnx.helper.set_model_props(model, text)
    check(model, inputs)
    onnx.save(model, path)


def check(model: onnx.ModelProto, inputs: list[str]) -> None:
    """Refuse a graph that O2's ONNX Runtime would not load or would feed wrongly.

    Arguments:
        model: The graph.
        inputs: Names of its inputs, in the order in which O2 fills them.

    Raises:
        ValueError: If inputs, operator set, IR version or an operator is not as O2 needs it.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as problem:
        raise ValueError(f"the exported graph is not valid ONNX: {problem}") from problem
    found = [value.name for value in model.graph.input]
    if found != inputs:
        raise ValueError(f"O2 fills the inputs {inputs} by position; the graph has {found}")
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    if opsets != {"": OPSET} or model.ir_version != IR_VERSION:
        raise ValueError(
            f"O2 needs ONNX operators only, opset {OPSET} and IR {IR_VERSION}; "
            f"the graph has {opsets} and IR {model.ir_version}"
        )
    foreign = sorted({node.op_type for node in model.graph.node if node.domain})
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
