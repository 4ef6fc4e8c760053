"""Dense network on complete values, the missing ones imputed inside.

Source of the baselines: https://arxiv.org/abs/2401.01905, section on imputation.

Axis key: B tracks, F features, T targets.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pid.models.classifier import Classifier, filled
from pid.models.imputation import Imputation, Imputer
from pid.models.output import Output
from pid.models.perceptron import perceptron


class MlpClassifier(Classifier):
    """Imputed values, and flags of what was missing if wanted, through dense layers.

    Arguments:
        features: F.
        targets: T.
        output: See `Classifier`.
        imputation: How missing values are guessed.
        flags: Also tell the network which values are present, which published baselines do not.
        hidden: Widths of the dense layers; the last one is the embedding.
        dropout: Between them, while training.
    """

    def __init__(
        self,
        features: int,
        targets: int,
        output: Output = "one_vs_rest",
        *,
        imputation: Imputation = "mean",
        flags: bool = False,
        hidden: Sequence[int] = (64, 32, 16),
        dropout: float = 0.1,
    ) -> None:
        super().__init__(features, targets, output)
        self.flags, self.width = flags, hidden[-1]
        self.imputer = Imputer(features, imputation)
        self.trunk = perceptron([features * (1 + flags), *hidden], dropout)
        self.head = perceptron([hidden[-1], targets])
        self.dropout = torch.nn.Dropout(dropout)

    @property
    def embedding_width(self) -> int:
        """Width of the last hidden layer."""
        return self.width

    def prepare(self, values: Tensor) -> None:
        """Estimate the imputation from training values."""
        self.imputer.fit(values)

    def embed(self, values: Tensor) -> Tensor:
        """The last hidden layer, shape (B, E)."""
        inputs = self.imputer(values)
        if self.flags:
            inputs = torch.cat([inputs, filled(values)[1]], dim=1)
        hidden: Tensor = self.trunk(inputs).relu()
        return hidden

    def classify(self, embedding: Tensor) -> Tensor:
        """Logits, shape (B, T)."""
        logits: Tensor = self.head(self.dropout(embedding))
        return logits
