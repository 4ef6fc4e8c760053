"""Running a bundle's models with ONNX Runtime, and photon counts from what they return.

Axis key: N particles, Nx by Ny fibres.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter


def session(path: Path, inputs: int, threads: int = 1) -> onnxruntime.InferenceSession:
    """ONNX Runtime session of one model on the CPU.

    Raises:
        ValueError: If the model cannot be loaded or has another number of inputs.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        opened = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # ONNX Runtime has one exception class for every kind of failure
        raise ValueError(f"ONNX Runtime cannot load {path}: {problem}") from problem
    if len(opened.get_inputs()) != inputs:
        names = [node.name for node in opened.get_inputs()]
        raise ValueError(f"O2 fills {inputs} inputs of {path.name}; it has {names}")
    return opened


def blocks(length: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` rows that cover `length` rows in order.

    Raises:
        ValueError: If the size is not positive.
    """
    if size < 1:
        raise ValueError(f"the batch size must be at least 1; got {size}")
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))


def run(model: onnxruntime.InferenceSession, *inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """First output of a model; the inputs go to its inputs by position, as in O2."""
    names = [node.name for node in model.get_inputs()]
    first: NDArray[np.float32] = model.run(None, dict(zip(names, inputs, strict=True)))[0]
    return first


def in_batches(
    model: onnxruntime.InferenceSession, batch_size: int, *inputs: NDArray[np.float32]
) -> NDArray[np.float32]:
    """First output for all rows, computed `batch_size` rows at a time."""
    rows = blocks(len(inputs[0]), batch_size)
    return np.concatenate([run(model, *(array[row] for array in inputs)) for row in rows])


def decoded(encoded: NDArray[np.float32], calorimeter: Calorimeter) -> NDArray[np.int32]:
    """Photo-electron counts of encoded responses.

    Arguments:
        encoded: What an exported generator returns, shape (N, Ny, Nx).
        calorimeter: Fixes Nx and Ny.

    Returns:
        Counts, shape (N, Nx, Ny).

    Raises:
        ValueError: If the responses are not on this calorimeter's grid or one is not finite.
    """
    if encoded.shape[1:] != calorimeter.shape[::-1]:
        raise ValueError(
            f"O2 reads a {calorimeter.name} response as {calorimeter.shape[::-1]}; "
            f"the model returns {encoded.shape[1:]}"
        )
    if not np.isfinite(encoded).all():
        raise ValueError("the model returns numbers that are not finite")
    return np.expm1(encoded, dtype=np.float64).astype(np.int32).transpose(0, 2, 1)
