"""One dense network for each pattern of missing detectors.

Source of the baseline: https://arxiv.org/abs/2401.01905.

Axis key: B tracks, F features, P patterns, T targets.
"""

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor, nn

from pid.models.classifier import Classifier, filled
from pid.models.output import Output
from pid.models.perceptron import perceptron


class PatternEnsemble(Classifier):
    """Each track goes to the network that knows all, or else most, of what the track has.

    A network serves tracks that have all of its features; among those that can serve, the one with
    most features does. Where none can, the one with fewest features does, with 0 for what it lacks.
    Neither is ever tied, as every union and the intersection of all patterns are patterns too.
    In one batch every network sees every track and the unwanted answers get weight 0.

    Arguments:
        features: F.
        targets: T.
        output: See `Classifier`.
        optional: Features of each detector that may be missing, together; P is 2 to their number.
        hidden: Widths of the dense layers of each network; the last one is the embedding.
        dropout: Between them, while training.

    Raises:
        ValueError: If a feature is in two detectors or does not exist.
    """

    known: Tensor
    size: Tensor

    def __init__(
        self,
        features: int,
        targets: int,
        output: Output = "one_vs_rest",
        *,
        optional: Sequence[Sequence[int]] = (),
        hidden: Sequence[int] = (64, 32, 16),
        dropout: float = 0.1,
    ) -> None:
        super().__init__(features, targets, output)
        members = [feature for detector in optional for feature in detector]
        if len(set(members)) < len(members) or not set(members) <= set(range(features)):
            raise ValueError(f"detectors {optional} must hold different features below {features}")
        self.register_buffer("known", patterns(features, optional))
        self.register_buffer("size", self.known.sum(dim=1))
        self.width = hidden[-1]
        self.trunks = nn.ModuleList(perceptron([features, *hidden], dropout) for _ in self.known)
        self.heads = nn.ModuleList(perceptron([hidden[-1], targets]) for _ in self.known)

    @property
    def embedding_width(self) -> int:
        """Width of the last hidden layer, and P numbers that say whose it is."""
        return self.width + len(self.known)

    def responsible(self, present: Tensor) -> Tensor:
        """1 for the network that serves a track, else 0, shape (B, P).

        Arguments:
            present: 1 where the value is present, else 0, shape (B, F).
        """
        lacking = (1 - present) @ self.known.T  # features of the network that the track lacks
        rank = torch.where(lacking > 0, -self.size, self.size)
        best = rank.max(dim=1, keepdim=True).values
        return (rank == best).to(present.dtype)

    def embed(self, values: Tensor) -> Tensor:
        """Last hidden layer of the responsible network, and which it is, shape (B, E)."""
        known, present = filled(values)
        serves = self.responsible(present)
        hidden = torch.stack([trunk(known * own).relu() for trunk, own in self._members()], dim=1)
        return torch.cat([(hidden * serves.unsqueeze(2)).sum(dim=1), serves], dim=1)

    def classify(self, embedding: Tensor) -> Tensor:
        """Logits of the responsible network, shape (B, T)."""
        hidden, serves = embedding[:, : self.width], embedding[:, self.width :]
        logits = torch.stack([head(hidden) for head in self.heads], dim=1)
        return (logits * serves.unsqueeze(2)).sum(dim=1)

    def _members(self) -> list[tuple[nn.Module, Tensor]]:
        return list(zip(self.trunks, self.known.unbind(0), strict=True))


def patterns(features: int, optional: Sequence[Sequence[int]]) -> Tensor:
    """All patterns of missing detectors: 1 for a present feature, else 0, shape (P, F)."""
    rows = []
    for missing in product((False, True), repeat=len(optional)):
        row = torch.ones(features)
        for gone, detector in zip(missing, optional, strict=True):
            if gone:
                row[list(detector)] = 0.0
        rows.append(row)
    return torch.stack(rows)
