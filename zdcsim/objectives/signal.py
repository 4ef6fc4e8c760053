"""One training step of the classifier that tells whether a particle leaves light.

Axis key: B particles.
"""

from typing import Any

from torch import Tensor
from torch.nn import functional

from detcore.config import Settings
from detcore.distributed import Processes
from zdcsim.models.signal import SignalClassifier
from zdcsim.objectives.optimiser import AdamSettings, Player
from zdcsim.sample.batches import SignalBatch


class SignalObjectiveSettings(Settings):
    """How the classifier is optimised.

    Attributes:
        classifier: Its optimiser.
    """

    classifier: AdamSettings = AdamSettings(learning_rate=1e-3, betas=(0.9, 0.999))


class Signal:
    """The classifier and its cross-entropy.

    Arguments:
        classifier: Its scaler must be fitted.
        settings: See there.
        processes: Those that train together.
    """

    def __init__(
        self, classifier: SignalClassifier, settings: SignalObjectiveSettings, processes: Processes
    ) -> None:
        self.device = processes.device
        self.classifier = classifier.to(self.device)
        self.player = Player(self.classifier, settings.classifier, processes)

    def step(self, batch: SignalBatch) -> dict[str, float]:
        """One step down the mean cross-entropy, which is given back as `cross_entropy`."""
        batch = batch.to(self.device)
        loss = self.cross_entropy(batch)
        self.player.descend(loss)
        return {"cross_entropy": loss.item()}

    def cross_entropy(self, batch: SignalBatch) -> Tensor:
        """Mean of -log p of what really happened."""
        logit = self.classifier.logit(self.classifier.scaler(batch.conditions))[:, 0]
        return functional.binary_cross_entropy_with_logits(logit, batch.light)

    def weights(self) -> dict[str, Tensor]:
        """The classifier's weights."""
        return self.classifier.state_dict()

    def state_dict(self) -> dict[str, Any]:
        """Everything the next step depends on."""
        return self.player.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.player.load_state_dict(state)
