"""Small untrained networks for tests of the export, and bundles made of them. Not physics."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from toys import toy_conditions

from zdcsim.export.o2 import write_bundle
from zdcsim.export.reference import reference_conditions
from zdcsim.geometry import ZN, Calorimeter
from zdcsim.models.generator import Generator
from zdcsim.models.signal import SignalClassifier


class ToyGenerator(Generator):
    """A dense layer and a convolution; every response differs between its two axes and parities."""

    def __init__(self, calorimeter: Calorimeter = ZN, noise_size: int = 10) -> None:
        super().__init__(calorimeter, noise_size)
        half_x, half_y = calorimeter.nx // 2, calorimeter.ny // 2
        self.dense = nn.Linear(noise_size + 9, 2 * half_x * half_y)
        self.convolution = nn.Sequential(
            nn.Unflatten(1, (2, half_x, half_y)),
            nn.LeakyReLU(0.2),
            nn.Upsample(scale_factor=2.0),
            nn.Conv2d(2, 1, 3, padding=1),
        )

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        maps = self.convolution(self.dense(torch.cat([noise, conditions.clamp(-3, 3)], dim=1)))
        log_photons: Tensor = torch.relu(4 * maps[:, 0])
        return log_photons


def toy_generator(calorimeter: Calorimeter = ZN, noise_size: int = 10) -> ToyGenerator:
    """A generator whose scaler is fitted to the toy particles; the same at every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        generator = ToyGenerator(calorimeter, noise_size)
    generator.scaler.fit(_particles(calorimeter))
    return generator.eval()


def toy_classifier(calorimeter: Calorimeter = ZN) -> SignalClassifier:
    """A classifier that says yes to some particles and no to others; the same at every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        classifier = SignalClassifier(calorimeter, hidden=8)
    particles = _particles(calorimeter)
    classifier.scaler.fit(particles)
    with torch.no_grad():
        bias: Tensor = classifier.layers[-1].bias  # type: ignore[assignment]
        bias -= classifier.logit(classifier.scaler(particles)).median()
    return classifier.eval()


def toy_bundle(folder: Path, calorimeter: Calorimeter = ZN) -> Path:
    """A bundle of the two networks in `folder`, verified on every seventh reference particle."""
    networks = toy_generator(calorimeter), toy_classifier(calorimeter)
    write_bundle(*networks, folder, {"data_kind": "toy"}, reference_conditions(calorimeter)[::7])
    return folder


def _particles(calorimeter: Calorimeter) -> Tensor:
    return torch.from_numpy(toy_conditions(200, np.random.default_rng(1), calorimeter))
