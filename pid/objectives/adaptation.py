"""One training step of a classifier on labelled simulation and unlabelled data.

Axis key: B tracks of each domain, E numbers of the embedding, T targets.
"""

from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor, nn

from detcore.config import Settings
from detcore.distributed import Processes
from pid.adaptation.coral import coral_distance
from pid.adaptation.discriminator import DomainDiscriminator, domain_loss, multilinear
from pid.adaptation.gradient_reversal import reversed_gradient, strength_at
from pid.adaptation.separation import variance_between
from pid.models.classifier import Classifier
from pid.objectives.classification import CHUNK, Classification, ClassificationSettings
from pid.objectives.dropout import dropout
from pid.objectives.optimiser import Optimiser
from pid.sample.batches import Labelled, Pair, Unlabelled


class AdversarySettings(Settings):
    """An adversary that the embedding deceives.

    Attributes:
        strength: That the gradient reversal tends to.
        steepness: Of its rise, 10 in the paper.
        hidden: Width of the adversary's layers.
        separation_weight: Of the share of variance between domains, in the validation value.
    """

    strength: PositiveFloat = 1.0
    steepness: PositiveFloat = 10.0
    hidden: PositiveInt = 64
    separation_weight: Annotated[float, Field(ge=0)] = 0.05


class DannSettings(AdversarySettings):
    """The adversary sees the embedding, https://arxiv.org/abs/1505.07818."""

    method: Literal["dann"]


class CdanSettings(AdversarySettings):
    """The adversary sees products with class probabilities, https://arxiv.org/abs/1705.10667."""

    method: Literal["cdan"]


class CoralSettings(Settings):
    """Covariances of the embedding are brought together, https://arxiv.org/abs/1607.01719.

    Attributes:
        weight: Of the distance in the loss.
        separation_weight: Of the share of variance between domains, in the validation value.
    """

    method: Literal["coral"]
    weight: PositiveFloat = 1.0
    separation_weight: Annotated[float, Field(ge=0)] = 0.05


AdaptationSettings = Annotated[
    DannSettings | CdanSettings | CoralSettings, Field(discriminator="method")
]


class Adaptation(Classification):
    """A classifier whose embedding should not tell the domains apart.

    Arguments:
        classifier: Prepared on the training values of the source.
        settings: Of the optimiser.
        adaptation: The method.
        steps: Of the whole training.
        seed: Of dropout.
        processes: Those that train together.
        weight: Of each target in the loss, shape (T,); none: natural abundances.
    """

    def __init__(
        self,
        classifier: Classifier,
        settings: ClassificationSettings,
        adaptation: DannSettings | CdanSettings | CoralSettings,
        steps: int,
        seed: int,
        processes: Processes,
        weight: Tensor | None = None,
    ) -> None:
        super().__init__(classifier, settings, steps, seed, processes, weight)
        self.adaptation = adaptation
        networks: list[nn.Module] = [self.classifier]
        if not isinstance(adaptation, CoralSettings):
            conditional = isinstance(adaptation, CdanSettings)
            inputs = classifier.embedding_width * (classifier.targets if conditional else 1)
            self.discriminator = DomainDiscriminator(inputs, adaptation.hidden).to(self.device)
            networks.append(self.discriminator)
        self.optimiser = Optimiser(nn.ModuleList(networks), settings.optimiser, steps, processes)

    def step(self, batch: Pair) -> dict[str, float]:  # type: ignore[override]
        """One step; gives the `cross_entropy` of the source and the `domain` term."""
        batch = batch.to(self.device)
        self.classifier.train()
        with dropout(self.seed, self.optimiser.done, self.rank):
            both = torch.cat([batch.source.values, batch.target.values])
            embedding = self.classifier.embed(both)
            logits = self.classifier.classify(embedding)
        entropy = self.loss(logits[: len(batch.source)], batch.source.labels)
        domain = self._domain(embedding, logits, len(batch.source))
        self.optimiser.descend(entropy + domain)
        return {"cross_entropy": entropy.item(), "domain": domain.item()}

    def _domain(self, embedding: Tensor, logits: Tensor, source: int) -> Tensor:
        a = self.adaptation
        if isinstance(a, CoralSettings):
            return a.weight * coral_distance(embedding[:source], embedding[source:])
        strength = strength_at(self.optimiser.progress, a.strength, a.steepness)
        seen = reversed_gradient(embedding, strength)
        if isinstance(a, CdanSettings):
            # As its authors do, the adversary does not teach through the probabilities.
            seen = multilinear(seen, self.classifier.shares(logits).detach())
        judged = self.discriminator(seen)
        return domain_loss(judged[:source], judged[source:])

    def value(self, source: Labelled, target: Unlabelled) -> float:
        """Log-loss of the source plus the weighted separation of the domains; no truth of data."""
        separation = variance_between(self.embedded(source.values), self.embedded(target.values))
        return self.log_loss(source) + self.adaptation.separation_weight * separation

    @torch.no_grad()
    def embedded(self, values: Tensor) -> NDArray[np.float32]:
        """Embeddings in eval mode, shape (N, E), of scaled values, shape (N, F)."""
        self.classifier.eval()
        parts = [self.classifier.embed(part.to(self.device)) for part in torch.split(values, CHUNK)]
        embedding: NDArray[np.float32] = torch.cat(parts).cpu().numpy()
        return embedding
