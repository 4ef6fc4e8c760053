"""Diffusion: noise is removed from responses step by step.

J. Ho et al., https://arxiv.org/abs/2006.11239, sampled deterministically,
https://arxiv.org/abs/2010.02502; for the ZDC https://arxiv.org/abs/2406.03233.

Axis key: B rows, M numbers a row.
"""

from torch import Tensor

from zdcsim.models.ddim import ddim
from zdcsim.models.denoiser import Denoiser, Known
from zdcsim.models.diffusion_schedule import DiffusionPath, Prediction, Schedule
from zdcsim.models.transport import GuidedTransport


class DiffusionTransport(GuidedTransport):
    """The path of a schedule, followed by DDIM.

    Arguments:
        denoiser: The network.
        spread: Standard deviation of the data.
        schedule: Of the variances.
        training_steps: Steps of the schedule.
        prediction: What the network is asked for.
        steps: Of the sampler.
        guidance: See `GuidedTransport`.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        spread: float,
        schedule: Schedule = "cosine",
        training_steps: int = 1000,
        prediction: Prediction = "velocity",
        steps: int = 16,
        guidance: float = 0.0,
    ) -> None:
        path = DiffusionPath(schedule, training_steps, prediction)
        super().__init__(denoiser, path, spread, guidance)
        self.steps = steps

    def follow(self, noise: Tensor, known: Known) -> Tensor:
        """Data, shape (B, M); see `Transport.follow`."""
        return ddim(
            lambda mixture, time: self.guided(mixture, time, known), self.path, noise, self.steps
        )
