"""O2's reading of a response against the package's channel sums, on random responses."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from zdcsim.channels import channel_sums
from zdcsim.export.emulator import FastSimulation, Hit, Model, fast_sim_to_hits, sector_sums
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io import scales

IDENTITY = scales.Scales(np.zeros(9, np.float32), np.ones(9, np.float32))
EPSILON = np.float32(0.01)


def random_counts(rng: np.random.Generator, calorimeter: Calorimeter) -> NDArray[np.int64]:
    """Sparse counts of one response with every magnitude up to 20000, shape (Nx, Ny)."""
    counts = np.floor(np.exp(rng.uniform(-2, np.log(20001), calorimeter.shape))).astype(np.int64)
    return counts * (rng.random(calorimeter.shape) < 0.7)


def encoded(counts: NDArray[np.int64], epsilon: np.float32 = EPSILON) -> NDArray[np.float32]:
    """Flat log photons of counts (Nx, Ny) as O2 expects them: y is the slow index."""
    values = np.log1p(counts.T.astype(np.float32) + epsilon)
    return np.where(counts.T > 0, values, np.float32(0)).astype(np.float32).ravel()


def o2_sums(pixels: NDArray[np.float32], calorimeter: Calorimeter) -> NDArray[np.int64]:
    return sector_sums(fast_sim_to_hits(pixels, "ZP" if calorimeter is ZP else "ZN", "A"))


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_o2_reads_the_channel_sums_of_random_responses(
    calorimeter: Calorimeter, rng: np.random.Generator
) -> None:
    for _ in range(5):
        counts = random_counts(rng, calorimeter)
        expected = channel_sums(counts[None], calorimeter, "o2")[0]
        assert np.array_equal(o2_sums(encoded(counts), calorimeter), expected)


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_o2_reads_other_sums_from_a_wrong_response(
    calorimeter: Calorimeter, rng: np.random.Generator
) -> None:
    counts = random_counts(rng, calorimeter)
    expected = channel_sums(counts[None], calorimeter, "o2")[0]
    faults = {
        "layout [x][y]": encoded(counts.T.reshape(calorimeter.shape)),
        "parity": encoded(np.roll(counts, 1, axis=1)),
        "no 0.01": encoded(counts, np.float32(0)),
    }
    for fault, pixels in faults.items():
        assert not np.array_equal(o2_sums(pixels, calorimeter), expected), fault


@pytest.mark.parametrize(
    ("detector", "x", "y", "sector"),
    [
        ("ZN", 0, 0, 0),
        ("ZN", 43, 43, 0),
        ("ZN", 0, 1, 1),
        ("ZN", 21, 20, 1),
        ("ZN", 22, 21, 2),
        ("ZN", 21, 22, 3),
        ("ZN", 22, 23, 4),
        ("ZP", 13, 0, 1),
        ("ZP", 14, 1, 2),
        ("ZP", 14, 29, 2),
        ("ZP", 28, 1, 3),
        ("ZP", 42, 1, 4),
        ("ZP", 55, 28, 4),
        ("ZP", 55, 29, 0),
    ],
)
def test_one_photon_reaches_the_sector_that_the_contract_names(
    detector: str, x: int, y: int, sector: int
) -> None:
    calorimeter = ZP if detector == "ZP" else ZN
    counts = np.zeros(calorimeter.shape, np.int64)
    counts[x, y] = 1
    expected = np.bincount([sector], minlength=5)
    assert o2_sums(encoded(counts), calorimeter).tolist() == expected.tolist()


def test_at_most_five_hits_and_only_where_there_is_light(rng: np.random.Generator) -> None:
    counts = random_counts(rng, ZN)
    assert len(fast_sim_to_hits(encoded(counts), "ZN", "C")) == 5
    counts[:22] = 0
    assert fast_sim_to_hits(encoded(counts), "ZN", "C")[0].detector == "ZNC"
    assert [hit.sector for hit in fast_sim_to_hits(encoded(counts), "ZN", "C")] == [0, 2, 4]
    assert fast_sim_to_hits(np.zeros(1936, np.float32), "ZN", "A") == []


def test_short_or_infinite_responses_are_errors() -> None:
    with pytest.raises(ValueError, match="ZN needs 1936 numbers; the model gives 1680"):
        fast_sim_to_hits(np.zeros(1680, np.float32), "ZN", "A")
    with pytest.raises(ValueError, match="not finite"):
        fast_sim_to_hits(np.full(1936, 90, np.float32), "ZN", "A")


def saved(
    folder: Path, inputs: dict[str, list[int | str]], output: int, *nodes: onnx.NodeProto
) -> Path:
    """An ONNX file whose last node gives `answer` of the type `output`, and its scales file."""
    graph = helper.make_graph(
        list(nodes),
        "toy",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info("answer", output, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    scales.write(folder / "scales.txt", IDENTITY)
    return folder


def opened(folder: Path) -> Model:
    return Model(folder / "model.onnx", folder / "scales.txt")


def test_inputs_are_filled_by_position_whatever_their_names(tmp_path: Path) -> None:
    keep = helper.make_node("Identity", ["conditions"], ["answer"])
    saved(tmp_path, {"conditions": ["N", 10], "noise": ["N", 9]}, TensorProto.FLOAT, keep)
    noise, conditions = np.arange(10, dtype=np.float32), np.zeros(9, np.float32)
    assert opened(tmp_path).run(noise, conditions).tolist() == noise.tolist()


def test_a_model_that_wants_more_than_o2_gives_is_an_error(tmp_path: Path) -> None:
    keep = helper.make_node("Identity", ["noise"], ["answer"])
    saved(tmp_path, {"noise": ["N", 11]}, TensorProto.FLOAT, keep)
    with pytest.raises(ValueError, match="hands over 10 numbers; the model wants 11"):
        opened(tmp_path).run(np.zeros(10, np.float32))
    with pytest.raises(ValueError, match="O2 fills 2 inputs; the model has 1"):
        opened(tmp_path).run(np.zeros(10, np.float32), np.zeros(9, np.float32))


@pytest.mark.parametrize(
    ("value", "signal"), [(0.0, False), (0.49999997, False), (0.5, True), (1.0, True)]
)
def test_the_classifier_s_number_is_rounded_half_away_from_zero(
    value: float, signal: bool, tmp_path: Path
) -> None:
    first = helper.make_node("Identity", ["conditions"], ["answer"])
    saved(tmp_path, {"conditions": ["N", 9]}, TensorProto.FLOAT, first)
    simulation = FastSimulation.__new__(FastSimulation)
    simulation.classifier = opened(tmp_path)
    assert simulation.leaves_signal(np.full(9, value, np.float32)) is signal


def test_an_integer_label_is_misread_as_no_signal(tmp_path: Path) -> None:
    label = helper.make_node("Cast", ["conditions"], ["answer"], to=TensorProto.INT64)
    saved(tmp_path, {"conditions": ["N", 9]}, TensorProto.INT64, label)
    simulation = FastSimulation.__new__(FastSimulation)
    simulation.classifier = opened(tmp_path)
    assert not simulation.leaves_signal(np.ones(9, np.float32))


def test_hits_of_a_sector_add_up() -> None:
    assert sector_sums([Hit("ZNA", 0, 7), Hit("ZNA", 3, 2)]).tolist() == [7, 0, 0, 2, 0]
