"""One training step of the convolutional autoencoder.

Axis key: B particles, Z latent numbers.
"""

import torch
from torch import Tensor, nn

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.losses.divergence import divergence
from zdcsim.losses.reconstruction import squared_error
from zdcsim.models.conv_vae import ConvVaeEncoder, ConvVaeGenerator
from zdcsim.objectives.averaged import AveragedObjective
from zdcsim.objectives.optimiser import AdamSettings
from zdcsim.objectives.ranges import Decay, Weight
from zdcsim.sample.batches import Batch


class ConvVaeSettings(Settings):
    """The two terms and their optimiser.

    Attributes:
        divergence: Weight of the divergence from the prior, relative to the summed squared error;
            0.7 as published.
        ema: Decay of the moving average of the weights; 0 or null: the weights themselves.
        optimiser: Of decoder and encoder together.
    """

    divergence: Weight = 0.7
    ema: Decay | None = 0.995
    optimiser: AdamSettings = AdamSettings(learning_rate=1e-3, betas=(0.9, 0.999), clip=100.0)


class ConvVae(AveragedObjective):
    """Decoder and encoder.

    Arguments:
        generator: The decoder; its scaler must be fitted.
        encoder: Shares that scaler.
        settings: See there.
        processes: Those that train together.
    """

    def __init__(
        self,
        generator: ConvVaeGenerator,
        encoder: ConvVaeEncoder,
        settings: ConvVaeSettings,
        processes: Processes,
    ) -> None:
        super().__init__(generator, [encoder], settings.optimiser, settings.ema, processes)
        self.settings = settings

    def loss(self, networks: nn.ModuleList, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Squared error and weighted divergence; see `AveragedObjective.loss`."""
        generator, encoder = networks
        assert isinstance(generator, ConvVaeGenerator)
        conditions = generator.scaler(batch.conditions)
        mean, log_variance = encoder(batch.log_photons, conditions)
        latent = mean + torch.exp(0.5 * log_variance) * batch.noise[:, 0]
        error = squared_error(generator(latent, conditions), batch.log_photons)
        apart = divergence(mean, log_variance).sum()
        loss = error + self.settings.divergence * apart
        return loss, {"squared_error": error, "divergence": apart}
