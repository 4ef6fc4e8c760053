"""What the magnets are worth to the impact point: where the light lies, precision, time.

python benchmarks/impact_point.py --sample data/zp_train.root --out benchmarks/results
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from detcore.files import write_text
from detcore.graph import write
from detcore.provenance import provenance
from zdcsim.io import tree
from zdcsim.models.impact import Impact
from zdcsim.optics import Machine
from zdcsim.response import Responses

BRIGHT = 50
"""Photo-electrons from which a response has a centroid worth comparing."""

RUNS = 2000


def centroids(sample: Responses) -> NDArray[np.float64]:
    """Of the light, in cm from the corner of the face, shape (N, 2)."""
    images = sample.dense().astype(np.float64)
    middles = np.moveaxis(np.indices(sample.calorimeter.shape) + 0.5, 0, -1)
    light = images.sum((1, 2))[:, None]
    centre: NDArray[np.float64] = np.einsum("nxy,xyk->nk", images, middles) / light
    return sample.calorimeter.pitch * centre


def residuals(sample: Responses, impact: Impact) -> dict[str, dict[str, float]]:
    """Centroid minus impact point, cm."""
    found = impact(torch.from_numpy(sample.conditions)).double().numpy() * sample.calorimeter.pitch
    apart = centroids(sample) - found
    return {
        axis: {
            "mean": float(each.mean()),
            "rms": float(each.std()),
            "median_of_size": float(np.median(np.abs(each))),
        }
        for axis, each in zip("xy", apart.T, strict=True)
    }


def microseconds(impact: Impact, conditions: NDArray[np.float32]) -> float:
    """CPU time of the graph alone at batch 1, the smallest of repetitions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "impact.onnx"
        write(path, impact, (torch.zeros(2, 9),), ["conditions"], "impact", {})
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        graph = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {"conditions": conditions[:1]}
    found = []
    for _ in range(15):
        start = time.process_time()
        for _ in range(RUNS):
            graph.run(None, feed)
        found.append((time.process_time() - start) / RUNS)
    return 1e6 * min(found)


def precision(sample: Responses, machine: Machine) -> float:
    """Largest distance between the model's impact point and the simulation's, cm."""
    detector = sample.calorimeter
    at, _ = machine.carried(sample.conditions, detector)
    corner = np.array([detector.centre_x - detector.half_x, -detector.half_y])
    found = Impact(detector, machine)(torch.from_numpy(sample.conditions)).double().numpy()
    return float(np.abs(found * detector.pitch + corner - at[:, [0, 2]]).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=Path, default=Path("data/zp_train.root"))
    parser.add_argument("--beam-momentum", type=float, default=7000.0, help="GeV/c over charge")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    sample, machine = tree.read(arguments.sample), Machine(arguments.beam_momentum)
    sample = sample.select(sample.photon_sum() >= BRIGHT)
    ways = {
        "straight": Impact(sample.calorimeter),
        "through the magnets": Impact(sample.calorimeter, machine),
    }
    result = {
        "sample": str(arguments.sample),
        "responses": len(sample),
        "centroid_minus_impact_cm": {name: residuals(sample, way) for name, way in ways.items()},
        "from_the_simulation_cm": precision(sample, machine),
        "graph_microseconds": {
            name: microseconds(way, sample.conditions) for name, way in ways.items()
        },
    }
    print(json.dumps(result, indent=1))
    record = {**provenance("torch", "onnxruntime", "numpy"), **result}
    write_text(arguments.out / "impact_point.json", json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
