"""What every network promises: values with gaps in, logits out.

Axis key: B tracks, F features, E numbers of the embedding, T targets.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from pid.models.output import Output


class Classifier(nn.Module, ABC):
    """Scaled values, NaN where a detector saw nothing, to one logit for each target.

    Every row may have its own pattern of missing values, and no row depends on another one.

    Arguments:
        features: Number of features F.
        targets: Number of targets T.
        output: What the logits mean.

    Raises:
        ValueError: If a size is not positive, or a multi-class network has a single class.
    """

    def __init__(self, features: int, targets: int, output: Output) -> None:
        super().__init__()
        if features < 1 or targets < (2 if output == "multi_class" else 1):
            raise ValueError(
                f"a {output} classifier cannot have {features} features and {targets} targets"
            )
        self.features, self.targets, self.output = features, targets, output

    @property
    @abstractmethod
    def embedding_width(self) -> int:
        """Numbers of the embedding, E."""

    @abstractmethod
    def embed(self, values: Tensor) -> Tensor:
        """What the network knows of a track, shape (B, E), of scaled values, shape (B, F)."""

    @abstractmethod
    def classify(self, embedding: Tensor) -> Tensor:
        """Logits, shape (B, T), of an embedding, shape (B, E)."""

    def prepare(self, values: Tensor) -> None:
        """Take what is estimated rather than learned from training values, shape (N, F).

        Raises:
            ValueError: If the values do not suffice.
        """

    def forward(self, values: Tensor) -> Tensor:
        """Logits, shape (B, T), of scaled values with NaN for missing, shape (B, F)."""
        return self.classify(self.embed(values))

    def probabilities(self, values: Tensor) -> Tensor:
        """Probability of each target, shape (B, T), of scaled values, shape (B, F)."""
        return self.shares(self(values))

    def shares(self, logits: Tensor) -> Tensor:
        """Probabilities of logits, shape (B, T) both."""
        return torch.sigmoid(logits) if self.output == "one_vs_rest" else logits.softmax(dim=1)


def filled(values: Tensor) -> tuple[Tensor, Tensor]:
    """Values with 0 for missing, and 1 where present else 0; both of the shape of `values`."""
    missing = torch.isnan(values)
    zero, one = values.new_zeros(()), values.new_ones(())
    return torch.where(missing, zero, values), torch.where(missing, zero, one)
