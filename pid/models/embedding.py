"""Feature set embedding: every value becomes a token that also says which feature it is of.

The published first layer acts on a one-hot vector of the feature and on its value. A one-hot vector
times a matrix is a row of the matrix, so here each feature has its row and its value's weights, and
no one-hot vector is ever built. Features of one detector may share a token: their first layers add
up, the absent ones adding nothing. Groups of one feature each are the published form.

Sources:
    Kasak et al., https://arxiv.org/abs/2401.01905 (the embedding); Gorishniy et al.,
    https://arxiv.org/abs/2203.05556, section 3.2 (piecewise linear encoding).

Axis key: B tracks, F features, K bins of the encoding, G groups, H hidden width, D token width.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pid.models.classifier import filled

ABSENT = 1e9
TAIL = 1e-3


class PiecewiseLinear(nn.Module):
    """A value to K numbers between 0 and 1: how far it has crossed each bin between two quantiles.

    Values beyond the outermost quantiles are held at them, so none can be far from training.

    Arguments:
        features: F.
        bins: K.
    """

    slope: Tensor
    offset: Tensor

    def __init__(self, features: int, bins: int) -> None:
        super().__init__()
        self.bins = bins
        edges = torch.linspace(-2.0, 2.0, bins + 1).repeat(features, 1)
        self.register_buffer("slope", 1 / edges.diff(dim=1))
        self.register_buffer("offset", -edges[:, :-1] * self.slope)

    def fit(self, values: Tensor) -> None:
        """Put the edges on quantiles of training values, shape (N, F); NaN is left out.

        A feature that is never present keeps its edges. A bin between equal quantiles, as discrete
        features have, is always 0.
        """
        levels = torch.linspace(TAIL, 1 - TAIL, self.bins + 1, dtype=torch.float64)
        for j, column in enumerate(values.double().unbind(dim=1)):
            present = column[~torch.isnan(column)].sort().values
            if len(present) > 0:
                at = (levels.to(present.device) * (len(present) - 1)).round().long()
                self._place(j, present[at])

    def _place(self, feature: int, edges: Tensor) -> None:
        width = edges.diff()
        slope = torch.where(width > 0, 1 / width, 0.0)
        self.slope[feature] = slope
        self.offset[feature] = -edges[:-1] * slope

    def forward(self, values: Tensor) -> Tensor:
        """Shape (B, F) to (B, F, K)."""
        return (values.unsqueeze(2) * self.slope + self.offset).clamp(0.0, 1.0)


class FeatureEmbedding(nn.Module):
    """Values with gaps to one token for each group, and which tokens are absent.

    A token is W2 relu(sum_j (identity_j + value_j e_j)) + b2, over the present features j of its
    group, with e_j the value itself or its encoding.

    Arguments:
        groups: The features of each token; every feature in exactly one.
        hidden: H.
        width: D.
        bins: K of the piecewise linear encoding; 0: the value itself, as published.

    Raises:
        ValueError: If the groups do not hold every feature once.
    """

    membership: Tensor

    def __init__(
        self, groups: Sequence[Sequence[int]], hidden: int, width: int, bins: int = 0
    ) -> None:
        super().__init__()
        members = [feature for group in groups for feature in group]
        if sorted(members) != list(range(len(members))) or not all(groups):
            raise ValueError(
                f"groups must hold the features 0 to F-1 once each and none be empty; got {groups}"
            )
        self.tokens, self.hidden = len(groups), hidden
        membership = torch.zeros(len(members), len(groups))
        for token, group in enumerate(groups):
            membership[list(group), token] = 1.0
        self.register_buffer("membership", membership)
        self.encoding = PiecewiseLinear(len(members), bins) if bins else None
        numbers = max(bins, 1)
        # The spread of a dense layer whose inputs are those of one token.
        bound = ((membership @ membership.sum(0)) * (numbers + 1)).rsqrt()
        draw = torch.empty(len(members), numbers + 1, hidden).uniform_(-1, 1) * bound[:, None, None]
        self.identity = nn.Parameter(draw[:, 0].clone())
        self.value = nn.Parameter(draw[:, 1:].clone())
        self.output = nn.Linear(hidden, width)

    def first_layer(self) -> Tensor:
        """The first layer of all tokens as one matrix, shape (F K + F, G H).

        Its zeros keep the features of one token out of the others.
        """
        rows = torch.cat([self.value.flatten(0, 1), self.identity])
        numbers = self.value.shape[1]
        own = torch.cat([self.membership.repeat_interleave(numbers, dim=0), self.membership])
        return (rows.unsqueeze(1) * own.unsqueeze(2)).reshape(-1, self.tokens * self.hidden)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens, and what is added to their logits wherever they compete for attention.

        Arguments:
            values: Scaled, NaN for missing, shape (B, F).

        Returns:
            Tokens, shape (B G, D), those of a track in a row; and 0 where any feature of the group
            is present, else -1e9, shape (B, G).
        """
        known, present = filled(values)
        encoded = known
        if self.encoding is not None:
            encoded = (self.encoding(known) * present.unsqueeze(2)).reshape(
                -1, self.value.shape[0] * self.value.shape[1]
            )
        hidden = torch.cat([encoded, present], dim=1) @ self.first_layer()
        tokens = self.output(hidden.relu().reshape(-1, self.hidden))
        absence = (present @ (ABSENT * self.membership) - ABSENT).clamp(max=0.0)
        return tokens, absence
