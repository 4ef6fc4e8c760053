"""The classifier that O2 asks first: does this particle leave any light in the calorimeter?

Source of the idea: https://arxiv.org/abs/2306.13606.

Axis key: B particles, 9 conditions.
"""

import math

import torch
from torch import Tensor, nn

from zdcsim.geometry import Calorimeter
from zdcsim.models.aperture import Clearance
from zdcsim.models.blocks import SLOPE
from zdcsim.models.features import FEATURES, ParticleFeatures
from zdcsim.models.fibre_path import PATHS
from zdcsim.models.scaler import ConditionScaler
from zdcsim.optics import Machine

NOTHING_LEFT = 1e-2
"""A share of the block in which hardly a shower makes light: of the ZN 1 cm,
three radiation lengths. It validates better than 0.001, mean of three seeds."""


def block_left(features: Tensor) -> Tensor:
    """Share of the block behind the groove that a particle flies through, on a logarithmic scale.

    Between no shower and a whole one lie a few centimetres of the metre, which a share alone would
    hide: with 15 % left a photon shines as if there were no groove, with 1 % hardly ever.

    Arguments:
        features: Of `ParticleFeatures`, shape (B, F).

    Returns:
        Shape (B, 1), from 0 for a flight through air alone to 1 for one that enters no groove.
    """
    groove = features[:, -PATHS : 1 - PATHS]
    return 1 - torch.log10((1 - groove).clamp(min=0) + NOTHING_LEFT) / math.log10(NOTHING_LEFT)


def edge_distance(features: Tensor) -> Tensor:
    """How far inside the nearest edge of the face a particle arrives, in half widths, shape (B, 1).

    Arguments:
        features: Of `ParticleFeatures`, shape (B, F).
    """
    return features[:, -PATHS - 2 : -PATHS].amin(1, keepdim=True)


class SignalClassifier(nn.Module):
    """Conditions to the probability that the particle leaves at least one photo-electron.

    The sigmoid is part of the graph, because O2 rounds what it gets. Behind magnets the network is
    also told by how much the particle passes all that could keep it from the block, apertures and
    edges: whether it arrives is then a threshold in one number. In the ZN, whose edges are all
    there is, that number validates no better.

    Arguments:
        calorimeter: The detector that is hit or missed.
        hidden: Width of the two dense layers.
        machine: The magnets on the way; without one every particle flies straight.
    """

    def __init__(
        self, calorimeter: Calorimeter, hidden: int = 32, machine: Machine | None = None
    ) -> None:
        super().__init__()
        self.calorimeter = calorimeter
        self.scaler = ConditionScaler()
        self.features = ParticleFeatures(calorimeter, machine)
        self.clearance = None if machine is None else Clearance(machine)
        known = FEATURES + 1 + (self.clearance is not None)
        self.layers = nn.Sequential(
            nn.Linear(known, hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, 1),
        )

    def logit(self, conditions: Tensor) -> Tensor:
        """Logit of the probability, shape (B, 1), of scaled conditions, shape (B, 9)."""
        conditions = self.scaler.undo(conditions)
        features, _ = self.features(conditions)
        known = [features, block_left(features)]
        if self.clearance is not None:
            margin = torch.minimum(self.clearance(conditions), edge_distance(features))
            known.append(margin)
        logit: Tensor = self.layers(torch.cat(known, 1))
        return logit

    def forward(self, conditions: Tensor) -> Tensor:
        """Probability of any light, shape (B, 1), of scaled conditions, shape (B, 9)."""
        return torch.sigmoid(self.logit(conditions))
