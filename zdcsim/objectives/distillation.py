"""One training step of a student that does in one step what its teacher does in many.

A flow is a fixed map from noise to data, so a student can learn it pair by pair (E. Luhman,
T. Luhman, https://arxiv.org/abs/2101.02388). Only the transport learns: no gradient
reaches a decoder behind it.

Axis key: B particles, M numbers a row (fibres or latent numbers).
"""

import torch
from torch import Tensor, nn

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.losses.distillation import distillation_loss
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.pixel_generator import PixelGenerator
from zdcsim.objectives.averaged import AveragedObjective
from zdcsim.objectives.optimiser import AdamSettings
from zdcsim.objectives.ranges import Decay
from zdcsim.sample.batches import Batch

TransportGenerator = PixelGenerator | LatentGenerator


class DistillationSettings(Settings):
    """How the student learns.

    Attributes:
        ema: Decay of the moving average of the weights; 0 or null: the weights themselves.
        optimiser: Of the student's transport.
    """

    ema: Decay | None = 0.998
    optimiser: AdamSettings = AdamSettings(
        learning_rate=1e-3, half_life=1500, betas=(0.9, 0.99), clip=1.0
    )


class Distillation(AveragedObjective):
    """A student and its teacher.

    Arguments:
        student: Starts from the teacher's weights.
        teacher: Of the same networks; never trained.
        settings: See there.
        processes: Those that train together.
    """

    def __init__(
        self,
        student: TransportGenerator,
        teacher: TransportGenerator,
        settings: DistillationSettings,
        processes: Processes,
    ) -> None:
        super().__init__(student, [], settings.optimiser, settings.ema, processes)
        self.teacher = teacher.transport.to(self.device).requires_grad_(False)

    @torch.no_grad()
    def held_out(self, batch: Batch) -> float:
        """The distance from the teacher, of the averaged weights, for particles not trained on."""
        return self.loss(self.averages, batch.to(self.device))[0].item()

    def loss(self, networks: nn.ModuleList, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Distance from the teacher; see `AveragedObjective.loss`.

        Each draw of a batch's noise must hold M numbers. The responses themselves are not used.
        """
        student = networks[0]
        assert isinstance(student, TransportGenerator)
        noise = batch.noise[:, 0]
        with torch.no_grad():
            aim = self.teacher(noise, batch.conditions)
        loss = distillation_loss(student.transport(noise, batch.conditions), aim)
        return loss, {"distillation": loss}
