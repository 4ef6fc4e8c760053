"""How far a particle flies through the groove that it enters at the face, and the fibre in it.

Every fibre lies in a square groove of air. A particle that enters one meets no absorber until its
slope takes it to the wall; what it meets on the way is the quartz of the fibre, if that is in its
way. Which of this happens is geometry, so it is computed and not learnt: few simulated particles
enter grooves.

Axis key: B particles.
"""

import torch
from torch import Tensor, nn

from zdcsim.geometry import Calorimeter

PATHS = 2
STRAIGHT = 1e-6
"""Smallest drift, pitches: as if parallel to the fibres, but divided by."""


class FibrePath(nn.Module):
    """Shares of the block's length that are flown in the groove, and in the fibre in it.

    The groove's share counts the fibre's. A particle that enters elsewhere has none of either, also
    if it would reach a groove deeper in the block. With 1 and 0 it flies through air alone.

    Arguments:
        calorimeter: Its lattice and grooves.
    """

    def __init__(self, calorimeter: Calorimeter) -> None:
        super().__init__()
        self.groove = calorimeter.groove_half / calorimeter.pitch
        self.fibre = calorimeter.fibre_radius / calorimeter.pitch

    def forward(self, impact: Tensor, drift: Tensor) -> Tensor:
        """Shares in the groove and in the fibre, shape (B, 2), each between 0 and 1.

        Arguments:
            impact: x and y at the face in pitches from its lower corner, shape (B, 2).
            drift: How much farther they are at the back, pitches, shape (B, 2).
        """
        aside = impact - torch.floor(impact) - 0.5
        return torch.cat(self.shares(aside, drift), 1)

    def shares(self, aside: Tensor, drift: Tensor) -> tuple[Tensor, Tensor]:
        """Groove and fibre, shape (B, 1) each.

        Arguments:
            aside: Place at the face relative to the nearest fibre, pitches, shape (B, 2).
            drift: See `forward`.
        """
        size = drift.abs().clamp(min=STRAIGHT)
        to_wall = ((self.groove - aside * torch.sign(drift)) / size).amin(1, keepdim=True)
        in_groove = aside.abs().amax(1, keepdim=True) < self.groove
        groove = torch.where(in_groove, to_wall.clamp(0, 1), 0.0)
        # |aside + t drift| = radius at t = -back +- root
        square = (size * size).sum(1, keepdim=True)
        back = (aside * drift).sum(1, keepdim=True) / square
        room = self.fibre**2 - (aside * aside).sum(1, keepdim=True)
        root = torch.sqrt((back * back + room / square).clamp(min=0))
        fibre = torch.minimum(root - back, groove) + (root + back).clamp(max=0)
        return groove, fibre.clamp(min=0)
