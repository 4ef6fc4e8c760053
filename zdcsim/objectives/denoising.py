"""One training step of flow matching or diffusion between noise and responses.

Axis key: B particles, M = Nx Ny fibres.
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.losses.matching import Weighting, matching_loss
from zdcsim.models.denoiser import unknown
from zdcsim.models.pixel_generator import PixelGenerator
from zdcsim.models.transport import Transport
from zdcsim.objectives.averaged import AveragedObjective
from zdcsim.objectives.optimiser import AdamSettings
from zdcsim.objectives.ranges import Decay
from zdcsim.sample.batches import Batch

TIME, HIDDEN = 0, 1
"""Columns of a batch's second draw of noise that choose the time and which particles are hidden."""


class MatchingSettings(Settings):
    """How a transport learns its path.

    Attributes:
        weighting: Of the times.
        hidden_share: Of the particles that the network is not told, so that it can be guided.
        ema: Decay of the moving average of the weights; 0 or null: the weights themselves.
        optimiser: Of the network.
    """

    weighting: Weighting = "plain"
    hidden_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    ema: Decay | None = 0.998
    optimiser: AdamSettings = AdamSettings(
        learning_rate=2e-3, half_life=1500, betas=(0.9, 0.99), clip=1.0
    )


def transport_loss(
    transport: Transport,
    data: Tensor,
    noise: Tensor,
    chance: Tensor,
    conditions: Tensor,
    settings: MatchingSettings,
) -> Tensor:
    """The matching loss of a transport at random times, shape ().

    Arguments:
        transport: What learns.
        data: Shape (B, M).
        noise: Standard normal, shape (B, M).
        chance: Standard normal, shape (B, 2): one number for the time, one for hiding.
        conditions: In O2's units, shape (B, 9).
        settings: See there.
    """
    uniform = torch.special.ndtr(chance)
    time = transport.path.drawn(uniform[:, TIME : TIME + 1].clamp(max=1 - 1e-6))
    known = transport.denoiser.known(conditions)
    if settings.hidden_share:
        known = unknown(known, (uniform[:, HIDDEN] >= settings.hidden_share).float())
    point = transport.path.at(time)
    found = transport.found(point.mixture(data, noise), time, known)
    outward = point.scaling(transport.spread).outward
    return matching_loss(found, point.target(data, noise), outward, settings.weighting)


class Denoising(AveragedObjective):
    """A generator that moves noise to responses.

    Arguments:
        generator: Its scaler must be fitted.
        settings: See there.
        processes: Those that train together.
    """

    def __init__(
        self, generator: PixelGenerator, settings: MatchingSettings, processes: Processes
    ) -> None:
        super().__init__(generator, [], settings.optimiser, settings.ema, processes)
        self.settings = settings

    @torch.no_grad()
    def held_out(self, batch: Batch) -> float:
        """The matching loss of the averaged weights on rows that do not train."""
        return self.loss(self.averages, batch.to(self.device))[0].item()

    def loss(self, networks: nn.ModuleList, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The matching loss; see `AveragedObjective.loss`.

        Each draw of a batch's noise must hold Nx Ny numbers.
        """
        generator = networks[0]
        assert isinstance(generator, PixelGenerator)
        noise, chance = batch.noise.unbind(1)
        loss = transport_loss(
            generator.transport,
            batch.log_photons.flatten(1),
            noise,
            chance[:, :2],
            batch.conditions,
            self.settings,
        )
        return loss, {"matching": loss}
