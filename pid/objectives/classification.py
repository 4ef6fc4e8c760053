"""One training step of a classifier on labelled tracks.

Axis key: B tracks, F features, T targets.
"""

from typing import Any

import torch
from torch import Tensor, nn

from detcore.config import Settings
from detcore.distributed import Processes
from pid.losses import cross_entropy
from pid.models.classifier import Classifier
from pid.objectives.dropout import dropout
from pid.objectives.optimiser import Optimiser, OptimiserSettings
from pid.sample.batches import Labelled

CHUNK = 8192


class ClassificationSettings(Settings):
    """How a classifier is optimised."""

    optimiser: OptimiserSettings = OptimiserSettings()


class Classification:
    """A classifier and its cross-entropy.

    Arguments:
        classifier: Prepared on the training values.
        settings: See there.
        steps: Of the whole training.
        seed: Of dropout.
        processes: Those that train together.
        weight: Of each target in the loss, shape (T,); none: natural abundances.
    """

    def __init__(
        self,
        classifier: Classifier,
        settings: ClassificationSettings,
        steps: int,
        seed: int,
        processes: Processes,
        weight: Tensor | None = None,
    ) -> None:
        self.device, self.seed, self.rank = processes.device, seed, processes.rank
        self.classifier = classifier.to(self.device)
        multi_class = classifier.output == "multi_class"
        self.form = cross_entropy.categorical if multi_class else cross_entropy.binary
        self.weight = None if weight is None else weight.to(self.device)
        self.optimiser = Optimiser(
            nn.ModuleList([self.classifier]), settings.optimiser, steps, processes
        )

    def step(self, batch: Labelled) -> dict[str, float]:
        """One step down the mean cross-entropy, which is given back as `cross_entropy`."""
        batch = batch.to(self.device)
        self.classifier.train()
        with dropout(self.seed, self.optimiser.done, self.rank):
            loss = self.loss(self.classifier(batch.values), batch.labels)
        self.optimiser.descend(loss)
        return {"cross_entropy": loss.item()}

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The weighted mean cross-entropy that training minimises."""
        return self.form(logits, labels, self.weight)

    @torch.no_grad()
    def log_loss(self, tracks: Labelled) -> float:
        """Mean of -log p, unweighted, in eval mode, of tracks in memory."""
        self.classifier.eval()
        total = 0.0
        parts = (torch.split(part, CHUNK) for part in (tracks.values, tracks.labels))
        for values, labels in zip(*parts, strict=True):
            logits = self.classifier(values.to(self.device)).double()
            total += float(self.form(logits, labels.to(logits))) * len(values)
        return total / len(tracks)

    def weights(self) -> dict[str, Tensor]:
        """The classifier's weights."""
        return self.classifier.state_dict()

    def state_dict(self) -> dict[str, Any]:
        """Everything the next step depends on."""
        return self.optimiser.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.optimiser.load_state_dict(state)
