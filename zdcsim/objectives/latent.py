"""Training of an autoencoder, and then of a transport in its latent.

Axis key: B particles, Z latent numbers.
"""

import copy
from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor

from detcore.distributed import Processes
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.shower_vae import ShowerEncoder, ShowerGenerator
from zdcsim.models.transport import Transport
from zdcsim.objectives.denoising import MatchingSettings, transport_loss
from zdcsim.objectives.optimiser import AdamSettings, Player, follow
from zdcsim.objectives.shower_vae import ShowerVae, ShowerVaeSettings
from zdcsim.sample.batches import Batch

CHANCES = 3
"""Numbers of a batch's draw beyond those of the latents: for time, hiding, and which latent."""


class LatentMatchingSettings(MatchingSettings):
    """The two stages.

    Attributes:
        autoencoder_steps: Steps of the first stage. In the second the autoencoder stands still,
            with its averaged weights.
        autoencoder: Its terms and optimiser.
    """

    autoencoder_steps: PositiveInt = 3000
    autoencoder: ShowerVaeSettings = ShowerVaeSettings()
    optimiser: AdamSettings = AdamSettings(
        learning_rate=2e-3, half_life=1000, betas=(0.9, 0.99), clip=1.0
    )


def noise_numbers(latent_size: int, settings: LatentMatchingSettings) -> int:
    """Normal numbers that each draw of a batch's noise must hold."""
    return settings.autoencoder.draws * latent_size + CHANCES


class LatentMatching:
    """Autoencoder and transport.

    Arguments:
        generator: Decoder and transport; its scaler must be fitted.
        encoder: Shares that scaler.
        settings: See there.
        processes: Those that train together.
    """

    def __init__(
        self,
        generator: LatentGenerator,
        encoder: ShowerEncoder,
        settings: LatentMatchingSettings,
        processes: Processes,
    ) -> None:
        self.settings, self.device, self.steps = settings, processes.device, 0
        self.autoencoder = ShowerVae(generator.decoder, encoder, settings.autoencoder, processes)
        self.generator = generator.to(self.device)
        self.player = Player(self.generator.transport, settings.optimiser, processes)
        self.average = copy.deepcopy(self.generator)
        decoder, _ = self.autoencoder.averages
        assert isinstance(decoder, ShowerGenerator)
        self.average.decoder = decoder
        if not settings.ema:
            self.average.transport = self.generator.transport

    def step(self, batch: Batch) -> dict[str, float]:
        """One step of the present stage; gives its terms by name.

        Each draw of the batch's noise must hold `noise_numbers` numbers.
        """
        if self.steps < self.settings.autoencoder_steps:
            terms = self.autoencoder.step(batch)
        else:
            terms = self._match(batch.to(self.device))
        self.steps += 1
        return terms

    @torch.no_grad()
    def held_out(self, batch: Batch) -> float:
        """The matching loss of the averaged weights on rows that do not train."""
        return self._loss(self.average.transport, batch.to(self.device)).item()

    def _loss(self, transport: Transport, batch: Batch) -> Tensor:
        latent, noise, chance = self.latents(batch)
        return transport_loss(transport, latent, noise, chance, batch.conditions, self.settings)

    def _match(self, batch: Batch) -> dict[str, float]:
        loss = self._loss(self.generator.transport, batch)
        self.player.descend(loss)
        if self.settings.ema:
            follow(self.average.transport, self.generator.transport, self.settings.ema)
        return {"matching": loss.item()}

    @torch.no_grad()
    def latents(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Latents behind responses and noise for them, each (B, Z), and the two chances, (B, 2)."""
        size, draws = self.generator.noise_size, self.settings.autoencoder.draws
        first, second = batch.noise.unbind(1)
        normal, chance = self.autoencoder.drawn(batch), torch.special.ndtr(first[:, -1])
        latent = self.autoencoder.latents(batch, normal, chance)
        return latent, second[:, :size], first[:, draws * size : -1]

    def weights(self) -> dict[str, Tensor]:
        """The generator's weights, averaged where `ema` is on."""
        return self.average.state_dict()

    def state_dict(self) -> dict[str, Any]:
        """Everything the next step depends on."""
        return {
            "autoencoder": self.autoencoder.state_dict(),
            "player": self.player.state_dict(),
            "transport": self.average.transport.state_dict(),
            "steps": self.steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.autoencoder.load_state_dict(state["autoencoder"])
        self.player.load_state_dict(state["player"])
        self.average.transport.load_state_dict(state["transport"])
        self.steps = state["steps"]
