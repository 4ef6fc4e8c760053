"""Transformer encoder block and attention pooling over a set of tokens of which some are absent.

Absent tokens come with -1e9 to be added to their logits. In float32 their softmax weight is then
exactly zero, so the present ones see what they would see had the absent ones never been there; a
set of nothing but absent tokens gives finite numbers. Each layer is told the number of tokens, so
that an exported graph has constant shapes, and the tokens of all sets stand below each other, so
that a dense layer is one matrix product.

Axis key: B sets, T tokens, D token width, A heads.
"""

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Multi-head self-attention, Vaswani et al., https://arxiv.org/abs/1706.03762, section 3.2.2.

    The weights of queries and keys meet only in their product, as do those of values and output, so
    each pair is multiplied first and the tokens meet one matrix for all heads. The bias of the keys
    shifts all logits of a query alike and that of the values adds a constant to the output, so
    neither exists here.

    Arguments:
        count: T.
        width: D.
        heads: A, a divisor of D.
        dropout: Of attention weights.

    Raises:
        ValueError: If the heads do not divide the width.
    """

    def __init__(self, count: int, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"a token width of {width} cannot be shared by {heads} heads")
        self.count, self.width, self.heads = count, width, heads
        self.scale = (width // heads) ** -0.5
        self.dropout = nn.Dropout(dropout)
        shape = (heads, width, width // heads)
        bound = (3 / width) ** 0.5
        self.query, self.key, self.value, self.output = (
            nn.Parameter(torch.empty(shape).uniform_(-bound, bound)) for _ in range(4)
        )
        self.query_bias = nn.Parameter(torch.zeros(heads, 1, width // heads))
        self.output_bias = nn.Parameter(torch.zeros(width))

    def forward(self, tokens: Tensor, absence: Tensor) -> Tensor:
        """What every token takes from the others.

        Arguments:
            tokens: Shape (B T, D).
            absence: Added to the logits of each token as a key, 0 or -1e9, shape (B, T).

        Returns:
            Shape (B T, D).
        """
        keys = self.key.transpose(1, 2) * self.scale
        weight = (
            (self.query @ keys).transpose(0, 1).reshape(self.width, self.heads * self.width)
        )  # (D, A D)
        bias = (self.query_bias @ keys).reshape(self.heads * self.width)
        sets = tokens.reshape(-1, self.count, self.width)
        asked = torch.addmm(bias, tokens, weight).reshape(-1, self.count * self.heads, self.width)
        logits = asked @ sets.transpose(1, 2) + absence.unsqueeze(1)  # (B, T A, T)
        mixed = self.dropout(logits.softmax(dim=2)) @ sets
        back = (self.value @ self.output.transpose(1, 2)).reshape(-1, self.width)  # (A D, D)
        return torch.addmm(self.output_bias, mixed.reshape(-1, self.heads * self.width), back)


class EncoderBlock(nn.Module):
    """Self-attention and two dense layers, each added to its input and then normalised.

    Arguments:
        count: T.
        width: D.
        heads: A.
        feed_forward: Width between the two dense layers.
        dropout: Of attention weights and of both additions.
    """

    def __init__(
        self, count: int, width: int, heads: int, feed_forward: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.attention = SelfAttention(count, width, heads, dropout)
        self.dense = nn.Sequential(
            nn.Linear(width, feed_forward),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(feed_forward, width),
        )
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, absence: Tensor) -> Tensor:
        """Tokens, shape (B T, D), to tokens; `absence` as in `SelfAttention`."""
        tokens = self.norms[0](tokens + self.dropout(self.attention(tokens, absence)))
        mixed: Tensor = self.norms[1](tokens + self.dropout(self.dense(tokens)))
        return mixed


class AttentionPooling(nn.Module):
    """A set to one vector: a weighted mean over tokens, with weights of its own in every channel.

    Source: https://arxiv.org/abs/2401.01905; the idea is of https://arxiv.org/abs/1904.04460.

    Arguments:
        count: T.
        width: D.
        hidden: Width between the two dense layers.
    """

    def __init__(self, count: int, width: int, hidden: int) -> None:
        super().__init__()
        self.shape = (-1, count, width)
        self.logits = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))

    def forward(self, tokens: Tensor, absence: Tensor) -> Tensor:
        """Shape (B, D), of tokens, shape (B T, D), and absences, shape (B, T)."""
        logits = self.logits(tokens).reshape(self.shape) + absence.unsqueeze(2)
        pooled: Tensor = (logits.softmax(dim=1) * tokens.reshape(self.shape)).sum(dim=1)
        return pooled
