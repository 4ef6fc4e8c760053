"""Weights in fewer bits: what is rounded, what is stored, and that the graph computes the same."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto
from torch import Tensor, nn

from detcore.compact import SMALLEST, Storage, compact, rounded
from detcore.graph import write
from detcore.session import run, session

SHORT: tuple[Storage, ...] = ("float16", "int8")
TYPES = {"float16": TensorProto.FLOAT16, "int8": TensorProto.INT8}


class Small(nn.Module):
    """Dense layers, one of them transposed in the graph, a convolution, and a table."""

    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.dense, self.along = nn.Linear(9, 64), nn.Linear(8, 40)
        self.convolution = nn.Conv2d(1, 40, 3, padding=1)
        self.register_buffer("table", torch.rand(1, 8, 40), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        maps = self.along(torch.tanh(self.dense(values)).reshape(-1, 8, 8)) + self.table
        found: Tensor = self.convolution(maps[:, None]).amax(1)
        return found


@pytest.fixture(scope="module")
def network() -> Small:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        return Small().eval()


def written(path: Path, network: nn.Module, storage: Storage) -> Path:
    write(path, network, (torch.zeros(2, 9),), ["values"], "answer", {"kept": 1})
    compact(path, storage)
    return path


def types(path: Path) -> dict[int, int]:
    """Numbers stored, by type."""
    found: dict[int, int] = {}
    for tensor in onnx.load(path).graph.initializer:
        found[tensor.data_type] = found.get(tensor.data_type, 0) + int(np.prod(tensor.dims))
    return found


@pytest.mark.parametrize("storage", SHORT)
def test_the_graph_computes_what_the_rounded_network_computes(
    storage: Storage, network: Small, tmp_path: Path
) -> None:
    short = rounded(network, storage)
    path = written(tmp_path / "short.onnx", short, storage)
    values = torch.randn(7, 9, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, before = short(values), network(values)
    np.testing.assert_allclose(run(session(path, 1), values.numpy()), expected, atol=2e-6)
    assert 1e-5 < torch.abs(expected - before).max() < 0.05, "rounding is seen, and small"


@pytest.mark.parametrize("storage", SHORT)
def test_every_large_weight_is_short_and_the_table_is_not(
    storage: Storage, network: Small, tmp_path: Path
) -> None:
    path = written(tmp_path / "short.onnx", rounded(network, storage), storage)
    weights = sum(w.numel() for w in network.parameters() if w.numel() >= SMALLEST)
    found = types(path)
    assert found[TYPES[storage]] == weights == 64 * 9 + 40 * 8 + 40 * 9
    constants = [a.t for n in onnx.load(path).graph.node for a in n.attribute if a.name == "value"]
    tables = [t for t in (*onnx.load(path).graph.initializer, *constants) if t.dims == [1, 8, 40]]
    assert [t.data_type for t in tables] == [TensorProto.FLOAT]
    assert [p.key for p in onnx.load(path).metadata_props] == ["kept"]


def test_weights_that_were_not_rounded_stay_as_they_are(network: Small, tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.onnx", network, "float32")
    for storage in SHORT:
        path = written(tmp_path / f"{storage}.onnx", network, storage)
        assert types(path) == types(plain)


def test_int8_are_multiples_of_a_step_at_most_half_a_step_away(network: Small) -> None:
    weight, short = network.dense.weight, rounded(network, "int8").dense.weight
    for row, found in zip(weight.tolist(), short.tolist(), strict=True):
        step = max(map(abs, found)) / 127
        assert step == pytest.approx(max(map(abs, row)) / 127, rel=2**-11)
        whole = np.array(found) / step
        assert np.array_equal(whole, np.round(whole))
        assert np.abs(np.array(row) - found).max() <= 0.5 * step * (1 + 1e-6)
    assert torch.equal(network.dense.bias, rounded(network, "int8").dense.bias)


def test_float16_keeps_eleven_digits_and_refuses_what_it_cannot_hold(network: Small) -> None:
    weight, short = network.dense.weight, rounded(network, "float16").dense.weight
    assert torch.abs(short / weight - 1).max() <= 2**-11
    assert not torch.equal(short, weight)
    large = rounded(network, "float32")
    with torch.no_grad():
        large.dense.bias[3] = 1e5
    with pytest.raises(ValueError, match=r"dense\.bias holds a number too large for float16"):
        rounded(large, "float16")


def test_names_inside_a_graph_are_short(network: Small, tmp_path: Path) -> None:
    graph = onnx.load(written(tmp_path / "g.onnx", network, "float32")).graph
    assert [value.name for value in (*graph.input, *graph.output)] == ["values", "answer"]
    names = [node.name for node in graph.node]
    assert len(set(names)) == len(names)
    assert all(0 < len(name) < 5 for name in names)
    weights = {tensor.name for tensor in graph.initializer}
    made = {name for node in graph.node for name in node.output} - {"answer"}
    assert made and all(len(name) < 5 for name in made)
    assert not made & weights
