"""What a network is told about a particle, computed from the nine conditions inside the graph.

Few unique particles are simulated, so a network must not have to discover the flight path from
them: the place where the particle meets the face is computed, not learnt.

Axis key: B particles, 9 conditions, F features, h by w cells, M maps.
"""

import torch
from torch import Tensor, nn

from zdcsim.conditions import CHARGE, ENERGY, MASS, PZ
from zdcsim.geometry import Calorimeter
from zdcsim.models.fibre_path import PATHS, FibrePath
from zdcsim.models.flight import only
from zdcsim.models.impact import Impact
from zdcsim.models.precision import single_precision
from zdcsim.optics import Machine

FEATURES = 10 + PATHS
MAPS = 4
TEV = 1000.0
MUON_MASS = 105.66  # MeV; only massless and very light particles lie far below it
CORE, HALO = 1.5, 6.0  # pitches; the two lengths on which the impact maps fall off


class ParticleFeatures(nn.Module):
    """Energy, species, impact point and the path through groove and fibre, each of order 1.

    The vertex and the momentum enter only through the impact point and that path, the momentum
    also through the energy: what else they carry cannot be told apart with the particles there are.
    Energy, mass and place fix the slope behind the magnets too: told it as well, a fit of the
    light's centre in the ZP leaves the same 0.11 cm.

    Arguments:
        calorimeter: Whose face.
        machine: The magnets on the way; without one every particle flies straight.
    """

    def __init__(self, calorimeter: Calorimeter, machine: Machine | None = None) -> None:
        super().__init__()
        self.impact = Impact(calorimeter, machine)
        self.path = FibrePath(calorimeter)

    def forward(self, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Features, shape (B, F), and impact point in pitches, shape (B, 2); float32 throughout.

        Arguments:
            conditions: In O2's units, shape (B, 9).
        """
        with single_precision(conditions):
            return self._found(conditions)

    def _found(self, conditions: Tensor) -> tuple[Tensor, Tensor]:
        place, drift = self.impact.arrival(conditions)
        log_energy = torch.log10(only(conditions, ENERGY).clamp(min=1e-3) / TEV)
        mass = only(conditions, MASS).clamp(min=0)
        impact = self.impact.in_pitches(place)
        features = [
            log_energy,
            log_energy.square(),
            mass / TEV,
            torch.exp(mass * (-1 / MUON_MASS)),
            only(conditions, CHARGE) / 3,
            torch.sign(only(conditions, PZ)),
            place,
            1 - place.abs(),
            self.path(impact, drift),
        ]
        return torch.cat(features, dim=1), impact


class ImpactMaps(nn.Module):
    """Position of every cell of a grid relative to the impact point, as input channels.

    The channels are the two components of the distance over half the face and two radial maps
    that fall off over the core and over the halo of a shower.

    Arguments:
        calorimeter: The face the grid covers.
        step: Fibres along one side of a cell; 1 for the finest grid.
        shape: Cells along x and y; may reach beyond the face.
    """

    cells_x: Tensor
    cells_y: Tensor

    def __init__(self, calorimeter: Calorimeter, step: int, shape: tuple[int, int]) -> None:
        super().__init__()
        self.extent = max(calorimeter.shape) / 2
        centres_x = (torch.arange(shape[0]) + 0.5) * step
        centres_y = (torch.arange(shape[1]) + 0.5) * step
        self.register_buffer(
            "cells_x", centres_x[None, :, None].repeat(1, 1, shape[1]), persistent=False
        )
        self.register_buffer(
            "cells_y", centres_y[None, None, :].repeat(1, shape[0], 1), persistent=False
        )

    def forward(self, impact: Tensor) -> Tensor:
        """Maps, shape (B, M, h, w), of impact points in pitches, shape (B, 2)."""
        dx = self.cells_x - impact[:, 0, None, None]
        dy = self.cells_y - impact[:, 1, None, None]
        distance = torch.sqrt(dx.square() + dy.square() + 0.01)
        core, halo = torch.exp(-distance / CORE), torch.exp(-distance / HALO)
        return torch.stack([dx / self.extent, dy / self.extent, core, halo], dim=1)
