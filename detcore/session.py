"""Running ONNX models with ONNX Runtime on the CPU."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray


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
