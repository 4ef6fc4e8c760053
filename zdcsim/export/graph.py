"""The generator and the classifier as ONNX graphs.

O2 takes inputs by position, noise first, and scales the conditions itself.

Axis key: N particles.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from detcore.graph import write
from zdcsim.conditions import NAMES
from zdcsim.export.experts import write_experts
from zdcsim.export.photon_encoding import O2Photons
from zdcsim.models.expertsim import ExpertSimGenerator
from zdcsim.models.generator import Generator

NOISE = "noise"
CONDITIONS = "conditions"
LOG_PHOTONS = "log_photons"
PROBABILITY = "probability"


class O2Generator(nn.Module):
    """A generator with O2's last step: noise (N, Z), scaled conditions (N, 9) to (N, Ny, Nx)."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator
        self.photons = O2Photons()

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        if self.generator.draws_counts:
            return self.photons.of_counts(self.generator.counts(noise, conditions))
        encoded: Tensor = self.photons(self.generator(noise, conditions))
        return encoded


def write_generator(path: Path, generator: Generator, metadata: Mapping[str, object]) -> None:
    """Write a generator as O2 runs it: inputs noise and conditions, output log photons.

    Arguments:
        path: The .onnx file.
        generator: Noise (N, Z) and scaled conditions (N, 9) to log photons (N, Nx, Ny).
        metadata: Written into the file, every value as JSON.

    Raises:
        ValueError: If the graph is not one that O2 can load.
    """
    if isinstance(generator, ExpertSimGenerator):
        experts = [O2Generator(cast(Generator, expert)) for expert in generator.experts]
        write_experts(path, generator, experts, LOG_PHOTONS, metadata)
        return
    example = (torch.zeros(2, generator.noise_size), torch.zeros(2, len(NAMES)))
    write(path, O2Generator(generator), example, [NOISE, CONDITIONS], LOG_PHOTONS, metadata)


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
    write(path, classifier, example, [CONDITIONS], PROBABILITY, metadata)
