"""One training step of the SDI-GAN with intensity and position terms.

Every term has a weight and is switched off by 0 or null; without the last three it is the plain
conditional GAN. https://arxiv.org/abs/2207.01561 and https://arxiv.org/abs/2406.03263.

Axis key: B particles, Nx by Ny fibres, Z noise numbers, L latent numbers.
"""

import copy
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.losses.adversarial import (
    AdversarialForm,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
)
from zdcsim.losses.diversity import diversity_loss
from zdcsim.losses.intensity import IntensityForm, intensity_loss
from zdcsim.losses.position import position_loss
from zdcsim.models.generator import Generator
from zdcsim.models.regressor import PositionRegressor
from zdcsim.objectives.optimiser import AdamSettings, Player, follow, judging
from zdcsim.objectives.ranges import Decay, Weight
from zdcsim.sample.batches import Batch

Quantisation = Literal["none", "straight_through"]


class DiscriminatorAdamSettings(AdamSettings):
    """Slower by default, as it steps more often than the generator."""

    learning_rate: Weight = 5e-4


class SdiGanSettings(Settings):
    """Weights of the terms, forms and optimisers.

    Attributes:
        diversity: Weight of the selective-diversity term; 0 or null: off.
        intensity: Weight of the photon-sum term; 0 or null: off.
        position: Weight of the auxiliary regressor's term; 0 or null: off, no regressor.
        gradient_penalty: Weight of R1 in the discriminator's loss; 0 or null: off.
        adversarial_form: Loss of the two players.
        intensity_form: Distance between photon sums.
        quantisation: `straight_through` rounds generated counts before they are judged and lets
            the gradient pass as if not. With `none` the discriminator can tell them by being no
            whole numbers.
        discriminator_steps: Steps of the discriminator for one of the generator, on one batch; a
            step of the discriminator costs a tenth of the generator's.
        ema: Decay of the moving average of the generator's weights, which is what is validated
            and exported; 0 or null: the weights themselves.
        bf16: Run the networks in bfloat16 where safe. Impact points, features, channel sums, the
            layers that are told them and losses stay in float32.
        generator: Its optimiser.
        discriminator: Its optimiser.
        regressor: Its optimiser.
    """

    diversity: Weight | None = None
    intensity: Weight | None = None
    position: Weight | None = None
    gradient_penalty: Weight | None = None
    adversarial_form: AdversarialForm = "cross_entropy"
    intensity_form: IntensityForm = "log"
    quantisation: Quantisation = "straight_through"
    discriminator_steps: PositiveInt = 2
    ema: Decay | None = 0.995
    bf16: bool = False
    generator: AdamSettings = AdamSettings()
    discriminator: DiscriminatorAdamSettings = DiscriminatorAdamSettings()
    regressor: AdamSettings = AdamSettings()


@dataclass(frozen=True)
class Generated:
    """Log photons as the judges see them, for the first noise and, with diversity, the second."""

    first: Tensor
    second: Tensor | None


class SdiGan:
    """Generator, discriminator and, with a position term, the auxiliary regressor.

    Arguments:
        generator: Its scaler must be fitted.
        discriminator: Log photons and scaled conditions to a logit and a latent, see
            `SdiGanDiscriminator`; shares that scaler.
        regressor: Needed only with a position term.
        settings: See there.
        processes: Those that train together.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: nn.Module,
        regressor: PositionRegressor,
        settings: SdiGanSettings,
        processes: Processes,
    ) -> None:
        self.settings, self.device = settings, processes.device
        self.scaler = generator.scaler.to(self.device)
        self.generator = Player(generator.to(self.device), settings.generator, processes)
        self.discriminator = Player(
            discriminator.to(self.device), settings.discriminator, processes
        )
        self.regressor = (
            Player(regressor.to(self.device), settings.regressor, processes)
            if settings.position
            else None
        )
        self.average = copy.deepcopy(generator) if settings.ema else generator

    def step(self, batch: Batch) -> dict[str, float]:
        """One step of every player; gives each term unweighted, by name."""
        batch = batch.to(self.device)
        conditions = self.scaler(batch.conditions)
        generated = self._generate(batch, conditions)
        terms: dict[str, Tensor] = {}
        for _ in range(self.settings.discriminator_steps):
            terms |= self._train_discriminator(batch, conditions, generated)
        if self.regressor is not None:
            terms |= self._train_regressor(self.regressor, batch)
        terms |= self.train_generator(batch, conditions, generated)
        if self.settings.ema:
            follow(self.average, self.generator.network, self.settings.ema)
        values = torch.stack([term.detach() for term in terms.values()]).tolist()
        return dict(zip(terms, values, strict=True))

    def weights(self) -> dict[str, Tensor]:
        """The generator's weights, averaged when `ema` is on."""
        return self.average.state_dict()

    def state_dict(self) -> dict[str, Any]:
        """Everything the next step depends on."""
        players = {name: player.state_dict() for name, player in self._players().items()}
        return players | {"average": self.average.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        for name, player in self._players().items():
            player.load_state_dict(state[name])
        self.average.load_state_dict(state["average"])

    def _players(self) -> dict[str, Player]:
        players = {"generator": self.generator, "discriminator": self.discriminator}
        return players | ({"regressor": self.regressor} if self.regressor is not None else {})

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.bf16)

    def respond(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Log photons while training; noise and conditions of one draw after the other."""
        log_photons: Tensor = self.generator.network(noise, conditions)
        return log_photons

    def judge(self, log_photons: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Logit, shape (B,), and latent, shape (B, L), in float32."""
        with self._autocast():
            logit, latent = self.discriminator.network(log_photons, conditions)
        return logit.float(), latent.float()

    def _generate(self, batch: Batch, conditions: Tensor) -> Generated:
        draws = 2 if self.settings.diversity else 1
        noise = torch.cat([batch.noise[:, draw] for draw in range(draws)])
        with self._autocast():
            log_photons = self.respond(noise, conditions.repeat(draws, 1))
        judged = log_photons.float()
        if self.settings.quantisation == "straight_through":
            judged = rounded(judged)
        first, *rest = judged.chunk(draws)
        return Generated(first, rest[0] if rest else None)

    def _train_discriminator(
        self, batch: Batch, conditions: Tensor, generated: Generated
    ) -> dict[str, Tensor]:
        s = self.settings
        real = batch.log_photons.requires_grad_(bool(s.gradient_penalty))
        real_logit, _ = self.judge(real, conditions)
        generated_logit, _ = self.judge(generated.first.detach(), conditions)
        terms = {
            "discriminator": discriminator_loss(real_logit, generated_logit, s.adversarial_form)
        }
        loss = terms["discriminator"]
        if s.gradient_penalty:
            terms["gradient_penalty"] = gradient_penalty(real_logit, real)
            loss = loss + s.gradient_penalty * terms["gradient_penalty"]
        self.discriminator.descend(loss)
        return terms

    def _train_regressor(self, regressor: Player, batch: Batch) -> dict[str, Tensor]:
        with self._autocast():
            found = regressor.network(batch.log_photons.detach())
        loss = position_loss(found.float(), batch.position)
        regressor.descend(loss)
        return {"regressor": loss}

    def train_generator(
        self, batch: Batch, conditions: Tensor, generated: Generated
    ) -> dict[str, Tensor]:
        """One step of the generator against the discriminator as it is now; gives the terms."""
        s = self.settings
        with judging(self.discriminator.network):
            logit, latent = self.judge(generated.first, conditions)
            terms = {"adversarial": generator_loss(logit, s.adversarial_form)}
            loss = terms["adversarial"]
            if s.diversity and generated.second is not None:
                _, other = self.judge(generated.second, conditions)
                first, second = batch.noise.unbind(dim=1)
                terms["diversity"] = diversity_loss(latent, other, first, second, batch.diversity)
                loss = loss + s.diversity * terms["diversity"]
        if s.intensity:
            terms["intensity"] = intensity_loss(generated.first, batch.photon_sum, s.intensity_form)
            loss = loss + s.intensity * terms["intensity"]
        if s.position and self.regressor is not None:
            with judging(self.regressor.network), self._autocast():
                found = self.regressor.network(generated.first)
            terms["position"] = position_loss(found.float(), batch.position)
            loss = loss + s.position * terms["position"]
        self.generator.descend(loss)
        return terms


def rounded(log_photons: Tensor) -> Tensor:
    """Log photons of the nearest whole counts; the gradient is that of the identity."""
    whole = torch.log1p(torch.round(torch.expm1(log_photons)))
    return log_photons + (whole - log_photons).detach()
