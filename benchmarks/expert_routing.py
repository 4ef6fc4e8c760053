"""Does it pay that an exported ExpertSim computes the chosen expert only?

python benchmarks/expert_routing.py --json benchmarks/results/expert_routing.json

Compares, for several numbers of experts and batch sizes, the exported graph, which has a branch for
every expert, with one that computes all experts and keeps the chosen answer, and with one SDI-GAN.
The networks are untrained, as time does not depend on the weights, with a router that spreads the
particles evenly. CPU seconds on one thread of ONNX Runtime.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from detcore.files import write_text
from detcore.provenance import provenance
from detcore.session import session
from zdcsim.export.graph import write_generator
from zdcsim.geometry import ZN
from zdcsim.io import tree
from zdcsim.models.expertsim import ExpertSimGenerator
from zdcsim.models.generator import Generator
from zdcsim.models.sdi_gan import SdiGanGenerator

EXPERTS, BATCHES, REPETITIONS = (2, 3, 6), (1, 100), 5
CALLS = {1: 200, 100: 3}


class AllExperts(Generator):
    """Every expert for every particle; a sum over the one-hot choice keeps the chosen answer."""

    def __init__(self, generator: ExpertSimGenerator) -> None:
        super().__init__(generator.calorimeter, generator.noise_size)
        self.scaler, self.whole = generator.scaler, generator

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        answers = torch.stack([expert(noise, conditions) for expert in self.whole.experts], 1)
        chosen = nn.functional.one_hot(self.whole.chosen(conditions), len(self.whole.experts))
        return (answers * chosen[:, :, None, None]).sum(1)


def even_router(generator: ExpertSimGenerator, conditions: Tensor) -> None:
    """Scale the last layer so that all experts are chosen about equally often."""
    last = generator.router.layers[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.bias.sub_(generator.router(conditions).mean(0))
        last.weight /= generator.router(conditions).std(0)[:, None]
        last.bias.zero_()
        last.bias.sub_(generator.router(conditions).mean(0))


def milliseconds(path: Path, conditions: NDArray[np.float32], batch: int) -> float:
    """Median CPU milliseconds a response, over repetitions after a first one."""
    graph, rng = session(path, 2), np.random.default_rng(1)
    names = [node.name for node in graph.get_inputs()]
    spent = []
    for _ in range(REPETITIONS + 1):
        feeds = [
            dict(zip(names, (rng.standard_normal((batch, 10), np.float32), conditions[rows]),
                     strict=True))
            for rows in rng.integers(len(conditions), size=(CALLS[batch], batch))
        ]  # fmt: skip
        start = time.process_time()
        for feed in feeds:
            graph.run(None, feed)
        spent.append(1000 * (time.process_time() - start) / (batch * CALLS[batch]))
    return statistics.median(spent[1:])


def measured(conditions: NDArray[np.float32], folder: Path) -> list[dict[str, float | str]]:
    """Times of all graphs."""
    found: list[dict[str, float | str]] = []

    def time_all(kind: str, experts: int, generator: Generator) -> None:
        path = folder / f"{kind}-{experts}.onnx"
        write_generator(path, generator, {})
        times = {f"batch {b}": milliseconds(path, scaled.numpy(), b) for b in BATCHES}
        row: dict[str, float | str] = {
            "graph": kind,
            "experts": experts,
            "megabytes": path.stat().st_size / 1e6,
        }
        found.append({**row, **times})
        print(found[-1], flush=True)

    torch.manual_seed(1)
    one = SdiGanGenerator(ZN)
    one.scaler.fit(torch.from_numpy(conditions))
    scaled = one.scaler(torch.from_numpy(conditions))
    time_all("one SDI-GAN", 1, one.eval())
    for experts in EXPERTS:
        generator = ExpertSimGenerator(ZN, experts=experts).eval()
        generator.scaler.fit(torch.from_numpy(conditions))
        even_router(generator, scaled)
        shares = torch.bincount(generator.chosen(scaled), minlength=experts) / len(scaled)
        print("shares", shares.tolist(), flush=True)
        time_all("chosen expert", experts, generator)
        time_all("all experts", experts, AllExperts(generator))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=Path, default=Path("data/zn_test.root"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(tree.read(options.reference).conditions, Path(folder))
    record = {
        **provenance("zdcsim", "torch", "onnxruntime", "numpy"),
        "unit": "CPU milliseconds a response, one thread, median of repetitions",
        "times": found,
    }
    if options.json is not None:
        write_text(options.json, json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
