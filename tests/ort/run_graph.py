"""Run one ONNX graph in whatever ONNX Runtime this interpreter has; no other package needed.

Usage: run_graph.py FOLDER INPUTS.npy OUTPUTS.npz

Every .onnx file of the folder gets the same input, at batch 1, 7 and N; the outputs are by name of
the file and batch, with the version of ONNX Runtime.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime


def main(folder: Path, inputs: Path, outputs: Path) -> None:
    values = np.load(inputs)
    found = {"version": np.array(onnxruntime.__version__)}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    for path in sorted(folder.glob("*.onnx")):
        model = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        name = model.get_inputs()[0].name
        for batch in (1, 7, len(values)):
            parts = [values[start : start + batch] for start in range(0, len(values), batch)]
            done = np.concatenate([model.run(None, {name: part})[0] for part in parts])
            found[f"{path.name}:{batch}"] = done
    np.savez(outputs, **found)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
