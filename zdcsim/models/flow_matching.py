"""Flow matching: a velocity field between noise and responses, integrated in a few steps.

Y. Lipman et al., https://arxiv.org/abs/2210.02747; for the ZDC M. Wojnar,
https://arxiv.org/abs/2507.18811.

Axis key: B rows, M numbers a row.
"""

from torch import Tensor

from zdcsim.models.denoiser import Denoiser, Known
from zdcsim.models.noise_path import LinearPath
from zdcsim.models.ode_sampler import Integrator, integrated
from zdcsim.models.transport import GuidedTransport


class FlowTransport(GuidedTransport):
    """The linear path, followed by an integrator.

    Arguments:
        denoiser: The network.
        spread: Standard deviation of the data.
        steps: Of the integrator.
        integrator: Its kind.
        guidance: See `GuidedTransport`.
        one_way: Its weights are those of a student, which learnt where exactly these steps end;
            another number or kind of them ends anywhere.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        spread: float,
        steps: int = 8,
        integrator: Integrator = "heun",
        guidance: float = 0.0,
        one_way: bool = False,
    ) -> None:
        super().__init__(denoiser, LinearPath(), spread, guidance)
        self.steps, self.integrator, self.one_way = steps, integrator, one_way

    def follow(self, noise: Tensor, known: Known) -> Tensor:
        """Data, shape (B, M); see `Transport.follow`."""
        return integrated(
            lambda place, time: self.guided(place, time, known), noise, self.steps, self.integrator
        )
