"""Expected light as a sum of kernels on the lattice of fibres.

A shower is a narrow core with a wide halo, a little off the impact point. A sum of Gaussians whose
widths span two orders of magnitude describes such profiles, heavy tails included (a Student-t is a
scale mixture of Gaussians), and costs almost nothing: each is a product of one factor in x and one
in y, so the whole lattice is a single product of two small matrices.

The kernels are evaluated at the middle of the fibres, not integrated over their cells: a fibre is
five (ZN) or seven (ZP) times thinner than the pitch and samples the shower where it stands, so a
narrow core is brighter the closer it passes to a fibre.

Axis key: B showers, K kernels, Nx by Ny fibres.
"""

import math

import torch
from torch import Tensor, nn

from zdcsim.geometry import Calorimeter


class FibreLattice(nn.Module):
    """Sums of Gaussian kernels at the fibres of a calorimeter.

    Both directions are computed in one tensor: in a graph few large nodes are fast.

    Arguments:
        calorimeter: Its grid.
        kernels: K.
    """

    fibres: Tensor

    def __init__(self, calorimeter: Calorimeter, kernels: int) -> None:
        super().__init__()
        self.shape, self.kernels = calorimeter.shape, kernels
        self.longest = max(self.shape)
        self.register_buffer("fibres", torch.arange(self.longest) + 0.5, persistent=False)

    def forward(self, light: Tensor, centres: Tensor, log_widths: Tensor) -> Tensor:
        """Light at every fibre, shape (B, Nx, Ny).

        Arguments:
            light: Of every kernel, integrated over the plane, shape (B, K).
            centres: x of all kernels, then y, in pitches from the lower corner, shape (B, 2 K).
            log_widths: Logarithms of the standard deviations along x, then y, in pitches, shape
                (B, 2 K).
        """
        inverse = torch.exp(-log_widths)
        pull = (self.fibres - centres[:, :, None]) * inverse[:, :, None]
        along_x, along_y = torch.split(torch.exp(-0.5 * pull * pull), self.kernels, 1)
        inverse_x, inverse_y = torch.split(inverse, self.kernels, 1)
        height = light * inverse_x * inverse_y * (0.5 / math.pi)
        nx, ny = self.shape
        along_x = first(along_x * height[:, :, None], nx, self.longest)
        return torch.matmul(along_x.transpose(1, 2), first(along_y, ny, self.longest))


def first(values: Tensor, size: int, length: int) -> Tensor:
    """The first `size` of the last axis, which has `length`; no node of a graph for all of it."""
    return values if size == length else values[..., :size]
