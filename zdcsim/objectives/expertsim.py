"""One training step of ExpertSim: the SDI-GAN's, each particle with its expert, and the router's.

In training a particle's expert is drawn (Gumbel top-1), so that others are tried; at inference it
is the likeliest one. https://arxiv.org/abs/2508.20991. The published feedback to the router adds
the discriminator's loss, which is largest where an expert is at its best; here it is left out.

Axis key: B particles, Z noise numbers, E experts, Nx by Ny fibres.
"""

from dataclasses import replace
from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.losses.adversarial import generator_losses
from zdcsim.losses.routing import (
    differentiation_loss,
    feedback_loss,
    load_loss,
    straight_through_gates,
    utilisation_loss,
)
from zdcsim.models.expertsim import ExpertSimDiscriminators, ExpertSimGenerator
from zdcsim.models.regressor import PositionRegressor
from zdcsim.objectives.optimiser import AdamSettings, Player
from zdcsim.objectives.ranges import Spread, Weight
from zdcsim.objectives.sdi_gan import Generated, SdiGan, SdiGanSettings
from zdcsim.sample.batches import Batch


class RouterSettings(Settings):
    """The router's terms, each switched off by 0, and its optimiser.

    Attributes:
        feedback: Weight of the generator's loss on the particles that an expert was given.
        utilisation: Weight of minus the entropy of the mean choice.
        differentiation: Weight of the similarity of the experts' mean responses.
        load: Weight of the load term.
        temperature: Of the soft choice, at the start.
        temperature_end: What it falls to.
        temperature_half_life: Steps in which it halves.
        steps: The router stays as it is after so many; null: never.
        optimiser: Its optimiser.
    """

    feedback: Weight = 0.1
    utilisation: Weight = 1e-2
    differentiation: Weight = 1e-5
    load: Weight = 1e-5
    temperature: Spread = 1.2
    temperature_end: Spread = 0.8
    temperature_half_life: Spread = 1000.0
    steps: PositiveInt | None = None
    optimiser: AdamSettings = AdamSettings(learning_rate=1e-3, betas=(0.9, 0.999))


class ExpertSimSettings(SdiGanSettings):
    """The SDI-GAN's settings for every expert, and the router's.

    Attributes:
        router: See there.
    """

    router: RouterSettings = RouterSettings()


class ExpertSim(SdiGan):
    """Experts, their discriminators, one auxiliary regressor and the router.

    Its batches carry E more noise numbers than the generator takes; the choice of the expert is
    drawn with them.

    Arguments:
        generator: Its scaler must be fitted.
        discriminators: Share that scaler.
        regressor: Needed only with a position term.
        settings: See there.
        processes: Those that train together.
    """

    def __init__(
        self,
        generator: ExpertSimGenerator,
        discriminators: ExpertSimDiscriminators,
        regressor: PositionRegressor,
        settings: ExpertSimSettings,
        processes: Processes,
    ) -> None:
        super().__init__(generator, discriminators, regressor, settings, processes)
        self.experts, self.routing, self.steps = generator, settings.router, 0
        self.router = Player(generator.router, settings.router.optimiser, processes)
        self.uniform = torch.empty(0, len(generator.experts))
        self.chosen = torch.empty(0, dtype=torch.long)

    def step(self, batch: Batch) -> dict[str, float]:
        """One step of every player; gives each term unweighted, by name."""
        batch = batch.to(self.device)
        size = self.experts.noise_size
        self.uniform = torch.special.ndtr(batch.noise[:, 0, size:])
        self.chosen = self._gates(self.scaler(batch.conditions)).detach().argmax(1)
        terms = super().step(replace(batch, noise=batch.noise[..., :size]))
        self.steps += 1
        return terms

    def temperature(self) -> float:
        """Of the present step's soft choice."""
        fallen: float = 0.5 ** (self.steps / self.routing.temperature_half_life)
        return max(self.routing.temperature_end, self.routing.temperature * fallen)

    def respond(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Log photons of the drawn experts; see `SdiGan.respond`."""
        chosen = self.chosen.repeat(len(noise) // len(self.chosen))
        return self.experts.answers(noise, conditions, chosen)

    def judge(self, log_photons: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Logit, shape (B,), and latent, shape (B, L), of the drawn experts' discriminators."""
        with self._autocast():
            judged = self.discriminator.network(log_photons, conditions, self.chosen)
        logit, latent = judged
        return logit.float(), latent.float()

    def train_generator(
        self, batch: Batch, conditions: Tensor, generated: Generated
    ) -> dict[str, Tensor]:
        """One step of the experts, then of the router; gives the terms of both."""
        terms = super().train_generator(batch, conditions, generated)
        if self.routing.steps is None or self.steps < self.routing.steps:
            terms |= self._train_router(generated.first.detach(), conditions)
        return terms

    def _train_router(self, log_photons: Tensor, conditions: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            logit, _ = self.judge(log_photons, conditions)
        r, gates, form = self.routing, self._gates(conditions), self.settings.adversarial_form
        terms = {
            "feedback": feedback_loss(gates, generator_losses(logit, form)),
            "utilisation": utilisation_loss(gates),
            "differentiation": differentiation_loss(gates, log_photons.flatten(1)),
            "load": load_loss(gates),
        }
        self.router.descend(
            r.feedback * terms["feedback"]
            + r.utilisation * terms["utilisation"]
            + r.differentiation * terms["differentiation"]
            + r.load * terms["load"]
        )
        return terms

    def _gates(self, conditions: Tensor) -> Tensor:
        """The same draw at every call within a step."""
        logits = self.experts.router(conditions)
        return straight_through_gates(logits, self.uniform, self.temperature())

    def _players(self) -> dict[str, Player]:
        return super()._players() | {"router": self.router}

    def state_dict(self) -> dict[str, Any]:
        """Everything the next step depends on."""
        return super().state_dict() | {"steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        super().load_state_dict(state)
        self.steps = state["steps"]
