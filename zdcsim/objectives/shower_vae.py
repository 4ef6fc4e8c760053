"""One training step of the shower autoencoder.

Axis key: B particles, Nx by Ny fibres, Z latent numbers.
"""

from typing import Annotated, Self

import torch
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.losses.counts import count_loss
from zdcsim.losses.divergence import divergence, with_free_bits
from zdcsim.losses.importance import importance_bound, importance_weights, resampled
from zdcsim.models.shower_vae import ShowerEncoder, ShowerGenerator
from zdcsim.objectives.averaged import AveragedObjective
from zdcsim.objectives.optimiser import AdamSettings
from zdcsim.objectives.ranges import Decay, Weight
from zdcsim.objectives.schedule import ramp
from zdcsim.sample.batches import Batch


class ShowerVaeSettings(Settings):
    """The two terms and their optimiser.

    Attributes:
        divergence_from: Step up to which the divergence from the prior costs nothing, so that the
            decoder learns to use the latent.
        divergence_by: Step from which it costs in full; linear in between.
        free_nats: Divergence of each latent number that costs nothing in the usual bound. With
            several draws, as by default, nothing is free after `divergence_by`.
        draws: Latents drawn for each response in the steps after `divergence_by`. With several the
            importance-weighted bound is descended: nearer to the likelihood, so that the decoder
            pays less for what the encoder cannot express. 1: the usual bound throughout.
        ema: Decay of the moving average of the weights, which is what is validated and exported;
            0 or null: the weights themselves.
        optimiser: Of decoder and encoder together.
    """

    divergence_from: Annotated[int, Field(ge=0)] = 500
    divergence_by: PositiveInt = 2000
    free_nats: Weight = 0.1
    draws: PositiveInt = 10
    ema: Decay | None = 0.995
    optimiser: AdamSettings = AdamSettings(
        learning_rate=2e-3, half_life=1000, betas=(0.9, 0.999), clip=50.0
    )

    @model_validator(mode="after")
    def _begins_before_it_is_full(self) -> Self:
        if self.divergence_by <= self.divergence_from:
            raise ValueError(
                f"the divergence costs nothing up to step {self.divergence_from} and in full from "
                f"step {self.divergence_by}; set divergence_by above divergence_from"
            )
        return self


class ShowerVae(AveragedObjective):
    """Decoder and encoder.

    Arguments:
        generator: The decoder; its scaler must be fitted.
        encoder: Shares that scaler.
        settings: See there.
        processes: Those that train together.
    """

    def __init__(
        self,
        generator: ShowerGenerator,
        encoder: ShowerEncoder,
        settings: ShowerVaeSettings,
        processes: Processes,
    ) -> None:
        super().__init__(generator, [encoder], settings.optimiser, settings.ema, processes)
        self.settings = settings

    def loss(self, networks: nn.ModuleList, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The bound, in nats a response; see `AveragedObjective.loss`."""
        if self.settings.draws > 1 and self.steps >= self.settings.divergence_by:
            bound = self._bounds(networks, batch, self.drawn(batch)).mean()
            return bound, {"bound": bound}
        generator, encoder = _pair(networks)
        conditions = generator.scaler(batch.conditions)
        mean, log_variance = encoder(batch.log_photons, conditions)
        latent = mean + torch.exp(0.5 * log_variance) * self.drawn(batch)[0]
        expected, clustering = generator.light(latent, conditions)
        unlikely = count_loss(_counts(batch), expected, clustering).mean()
        apart = divergence(mean, log_variance)
        paid = self.share(self.steps + 1) * with_free_bits(apart, self.settings.free_nats)
        return unlikely + paid, {"counts": unlikely, "divergence": apart.sum()}

    def share(self, step: int) -> float:
        """Of the divergence that a step pays, 0 to 1; the first step is 1."""
        return ramp(step, self.settings.divergence_from, self.settings.divergence_by)

    @torch.no_grad()
    def bound(self, batch: Batch, draws: int) -> float:
        """Bound on minus the log likelihood, with the averaged weights, in nats a response.

        Arguments:
            batch: Responses; their noise is not used.
            draws: Latents drawn for each, always the same ones.
        """
        batch = batch.to(self.device)
        rng = torch.Generator(self.device).manual_seed(1)
        shape = (draws, len(batch.conditions), _pair(self.averages)[0].noise_size)
        drawn = torch.randn(shape, generator=rng, device=self.device)
        return float(self._bounds(self.averages, batch, drawn).mean())

    @torch.no_grad()
    def latents(self, batch: Batch, normal: Tensor, uniform: Tensor) -> Tensor:
        """A latent behind each response, with the averaged weights, shape (B, Z).

        Arguments:
            batch: Responses, on the device; their noise is not used.
            normal: Standard normal numbers for the K latents that it is taken from, (K, B, Z).
            uniform: Numbers in [0, 1) that choose, shape (B,).
        """
        return resampled(*self._weighted(self.averages, batch, normal), uniform)

    def drawn(self, batch: Batch) -> Tensor:
        """The batch's normal numbers for K latents of each response, shape (K, B, Z).

        They are the first K Z numbers of each row, so that processes that share a batch draw what
        one alone would.
        """
        draws, size = self.settings.draws, _pair(self.averages)[0].noise_size
        return batch.noise[:, 0, : draws * size].reshape(-1, draws, size).transpose(0, 1)

    def _bounds(self, networks: nn.ModuleList, batch: Batch, drawn: Tensor) -> Tensor:
        """Importance-weighted bound of each response, shape (B,), of normal numbers (K, B, Z)."""
        return importance_bound(self._weighted(networks, batch, drawn)[1])

    def _weighted(
        self, networks: nn.ModuleList, batch: Batch, drawn: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Latents, shape (K, B, Z), and their log weights, (K, B), of normal numbers (K, B, Z)."""
        generator, encoder = _pair(networks)
        conditions, counts = generator.scaler(batch.conditions), _counts(batch)
        mean, log_variance = encoder(batch.log_photons, conditions)
        latent = mean + torch.exp(0.5 * log_variance) * drawn
        unlikely = torch.stack(
            [count_loss(counts, *generator.light(each, conditions)) for each in latent]
        )
        return latent, importance_weights(unlikely, latent, drawn, 0.5 * log_variance)


def _counts(batch: Batch) -> Tensor:
    return torch.round(torch.expm1(batch.log_photons))


def _pair(networks: nn.ModuleList) -> tuple[ShowerGenerator, nn.Module]:
    generator, encoder = networks
    assert isinstance(generator, ShowerGenerator)
    return generator, encoder
