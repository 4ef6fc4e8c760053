"""Run a bundle's models in whatever ONNX Runtime this interpreter has; no other package needed.

Usage: run_bundle.py BUNDLE INPUTS.npz OUTPUTS.npz

The inputs are `noise` (N, 10) and the scaled conditions `generator` (N, 9) and `classifier` (N, 9);
the outputs are those of both models at batch 1 and N, and the version of ONNX Runtime.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(model: onnxruntime.InferenceSession, batch: int, *inputs: np.ndarray) -> np.ndarray:
    names = [node.name for node in model.get_inputs()]
    rows = [slice(start, start + batch) for start in range(0, len(inputs[0]), batch)]
    feeds = [{n: x[row] for n, x in zip(names, inputs, strict=True)} for row in rows]
    return np.concatenate([model.run(None, feed)[0] for feed in feeds])


def main(bundle: Path, inputs: Path, outputs: Path) -> None:
    given = np.load(inputs)
    generator, classifier = session(bundle / "generator.onnx"), session(bundle / "classifier.onnx")
    found = {"version": np.array(onnxruntime.__version__)}
    for name, batch in (("one", 1), ("all", len(given["noise"]))):
        found[f"log_photons_{name}"] = run(generator, batch, given["noise"], given["generator"])
        found[f"probability_{name}"] = run(classifier, batch, given["classifier"])
    np.savez(outputs, **found)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
