"""Photon counts as the numbers from which O2 takes them back by truncation.

O2 computes (int)expm1f(value). The float32 log1p of a whole number comes back one too small for a
tenth to a half of all counts; log1p(n + 0.01) comes back as n.

Axis key: B responses of Nx by Ny fibres.
"""

import math

import torch
from torch import Tensor, nn

EPSILON = 0.01
"""Added to a positive count before log1p: more than the float32 error of expm1 up to `MAXIMUM`."""

MAXIMUM = 20_000
"""Largest count of one fibre; larger ones become it. A 7 TeV shower has some 2000 in all fibres."""


def encode(counts: Tensor) -> Tensor:
    """log1p(n + 0.01) of positive counts and exactly 0 of zero; any shape, float32."""
    return torch.where(counts > 0, torch.log(counts + (1 + EPSILON)), 0.0)


def rounded(log_photons: Tensor) -> Tensor:
    """Counts nearest to log photons, between 0 and `MAXIMUM`; any shape, float32."""
    return torch.round(torch.exp(log_photons.clamp(0.0, math.log1p(MAXIMUM))) - 1)


class O2Photons(nn.Module):
    """The last step of an exported generator: whole counts, encoded, in O2's memory layout."""

    def forward(self, log_photons: Tensor) -> Tensor:
        """Encoded counts in O2's order.

        Arguments:
            log_photons: log1p of photo-electrons, shape (B, Nx, Ny).

        Returns:
            Shape (B, Ny, Nx): O2 reads fibre (x, y) at Nx * y + x.

        Source:
            AliceO2, Detectors/ZDC/simulation/src/Detector.cxx, FastSimToHits.
        """
        return self.of_counts(rounded(log_photons))

    def of_counts(self, counts: Tensor) -> Tensor:
        """The same, shape (B, Ny, Nx), of whole counts, shape (B, Nx, Ny)."""
        return encode(counts.clamp(max=MAXIMUM)).transpose(1, 2)
