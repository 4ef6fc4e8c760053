"""One training step of CorrVAE.

Terms, all in nats a response: minus the log likelihood of the response, minus that of its
properties given w, the divergence of the posterior from the prior, and two total correlations,
between w and z and among the w, https://arxiv.org/abs/2210.01796; further an L1 norm of the mask
and, beyond the publication, `consistency`: a decoded response shall have the properties that were
encoded, and `expectation`: what a particle fixes of its properties is their mean and spread.

Only `expectation` moves those two. If the likelihood of the properties did too, w would carry a
part of what the particle fixes; its law would then depend on the particle, while generation draws
it from the normal law for all.

Axis key: B responses, Nx by Ny fibres, Z latent numbers, W of them for properties, P properties.
"""

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.losses.counts import count_loss
from zdcsim.losses.divergence import divergence, with_free_bits
from zdcsim.losses.properties import expectation_loss
from zdcsim.losses.reconstruction import squared_error
from zdcsim.losses.total_correlation import total_correlation
from zdcsim.models.corrvae import CorrVaeGenerator
from zdcsim.models.properties import properties
from zdcsim.models.shower_vae import ShowerEncoder, ShowerGenerator
from zdcsim.objectives.averaged import AveragedObjective
from zdcsim.objectives.optimiser import AdamSettings
from zdcsim.objectives.ranges import Decay, Spread, Weight
from zdcsim.objectives.schedule import ramp
from zdcsim.sample.batches import Batch

SMOOTH = 3
"""Centroid and photon sum, the first properties, follow smoothly from expected light."""


class CorrVaeSettings(Settings):
    """Weights of the terms and their optimiser.

    Attributes:
        log_photon_spread: Standard deviation of a fibre's log photons around the decoded ones, for
            the convolutional decoder; the kernels have the exact likelihood of counts.
        property_spread: Standard deviation of a property around that of its w, in units of the
            spread over the training responses.
        divergence: Weight of the divergence from the prior.
        divergence_by: Step from which that costs in full; linear up to there.
        free_nats: Divergence of each latent number that costs nothing before that step; after it
            numbers that carry less would stay broader than the law they are drawn from.
        between: Weight of the total correlation between w and z.
        among: Weight of the total correlation among the w.
        mask: Weight of the mean of the soft mask.
        mask_temperature: Of the soft mask.
        consistency: Weight of the properties of the decoded response.
        ema: Decay of the moving average of the weights; 0 or null: the weights themselves.
        optimiser: Of all together.
    """

    log_photon_spread: Spread = 0.3
    property_spread: Spread = 0.05
    divergence: Weight = 1.0
    divergence_by: PositiveInt = 1000
    free_nats: Weight = 0.05
    between: Weight = 0.5
    among: Weight = 0.5
    mask: Weight = 0.1
    mask_temperature: Spread = 0.5
    consistency: Weight = 0.0
    ema: Decay | None = 0.995
    optimiser: AdamSettings = AdamSettings(
        learning_rate=2e-3, half_life=2000, betas=(0.9, 0.999), clip=100.0
    )


class CorrVae(AveragedObjective):
    """Decoder, property head and encoder.

    Arguments:
        generator: Its scaler and its properties' must be fitted.
        encoder: Shares the scaler.
        settings: See there.
        processes: Those that train together.
    """

    def __init__(
        self,
        generator: CorrVaeGenerator,
        encoder: ShowerEncoder,
        settings: CorrVaeSettings,
        processes: Processes,
    ) -> None:
        super().__init__(generator, [encoder], settings.optimiser, settings.ema, processes)
        self.settings = settings

    def loss(self, networks: nn.ModuleList, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum; see `AveragedObjective.loss`."""
        generator, encoder = networks
        assert isinstance(generator, CorrVaeGenerator)
        s, size = self.settings, generator.properties
        conditions = generator.scaler(batch.conditions)
        mean, log_variance = encoder(batch.log_photons, conditions)
        latent = mean + torch.exp(0.5 * log_variance) * batch.noise[:, 0]
        divergences = divergence(mean, log_variance)
        parts = [slice(0, size), slice(size, None)]
        alone = [slice(k, k + 1) for k in range(size)]
        unlikely, photons = self._decoded(generator, latent, batch, conditions)
        terms = {
            "response": unlikely,
            **self._properties(generator, latent[:, :size], photons, batch, conditions),
            "divergence": divergences.sum(),
            "between": total_correlation(latent, mean, log_variance, parts),
            "among": total_correlation(latent, mean, log_variance, alone),
            "mask": generator.head.mask_probability().mean(),
        }
        share = ramp(self.steps + 1, 0, s.divergence_by)
        free = s.free_nats if share < 1 else 0.0
        costs = s.divergence * share * with_free_bits(divergences, free)
        loss = terms["response"] + terms["properties"] + s.consistency * terms["consistency"]
        loss = loss + terms["expectation"]
        loss = loss + s.between * terms["between"] + s.among * terms["among"]
        return loss + s.mask * terms["mask"] + costs, terms

    def _decoded(
        self, generator: CorrVaeGenerator, latent: Tensor, batch: Batch, conditions: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Minus the log likelihood of the responses, and the expected photo-electrons."""
        if isinstance(generator.decoder, ShowerGenerator):
            expected, clustering = generator.decoder.light(latent, conditions)
            counts = torch.round(torch.expm1(batch.log_photons))
            return count_loss(counts, expected, clustering).mean(), expected
        decoded = generator.decoder(latent, conditions)
        error = squared_error(decoded, batch.log_photons)
        return error / (2 * self.settings.log_photon_spread**2), torch.expm1(decoded)

    def _properties(
        self,
        generator: CorrVaeGenerator,
        latent: Tensor,
        photons: Tensor,
        batch: Batch,
        conditions: Tensor,
    ) -> dict[str, Tensor]:
        """Minus the log likelihood, up to a constant, of true properties given the w, given the
        decoded response, and given the particle alone."""
        head, variance = generator.head, self.settings.property_spread**2
        truth = head.scaled(properties(torch.expm1(batch.log_photons)), conditions)
        rng = torch.Generator().manual_seed(self.steps)  # the same mask for all processes
        uniform = torch.rand(head.openness.shape, generator=rng).to(truth.device)
        mask = head.drawn_mask(uniform, self.settings.mask_temperature)
        mean, spread = head.expectation(conditions)
        found = mean.detach() + spread.detach() * head.departure(latent, mask)
        decoded = head.scaled(properties(photons), conditions)
        return {
            "properties": (found - truth).square().sum(1).mean() / (2 * variance),
            "consistency": (decoded - truth)[:, :SMOOTH].square().sum(1).mean() / (2 * variance),
            "expectation": expectation_loss(truth, mean, spread),
        }
