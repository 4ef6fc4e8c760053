"""Classifier on the set of features that a track has: embedding, encoder, pooling, dense layers.

Source: Kasak et al., https://arxiv.org/abs/2401.01905, https://doi.org/10.1140/epjc/s10052-024-13047-3.

Axis key: B tracks, F features, G tokens, D token width, T targets.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from pid.models.attention import AttentionPooling, EncoderBlock
from pid.models.classifier import Classifier
from pid.models.embedding import FeatureEmbedding
from pid.models.output import Output
from pid.models.perceptron import perceptron


class FeatureSetClassifier(Classifier):
    """Feature set embedding, transformer encoder and attention pooling; defaults as published.

    Missing tokens are masked, which equals removing them.

    Arguments:
        features: F.
        targets: T.
        output: See `Classifier`.
        groups: Features that share a token; none: a token for every feature, as published.
        bins: Of the piecewise linear encoding of values; 0: the value itself, as published.
        embedding_hidden: Width between the two layers of the embedding.
        width: D.
        heads: Of attention.
        blocks: Of the encoder.
        feed_forward: Width between the dense layers of a block.
        pooling_hidden: Width between the dense layers of the pooling.
        head: Widths of the dense layers between the pooled vector and the logits.
        dropout: In the encoder and the head, while training.
    """

    def __init__(
        self,
        features: int,
        targets: int,
        output: Output = "one_vs_rest",
        *,
        groups: Sequence[Sequence[int]] | None = None,
        bins: int = 0,
        embedding_hidden: int = 128,
        width: int = 32,
        heads: int = 2,
        blocks: int = 2,
        feed_forward: int = 128,
        pooling_hidden: int = 64,
        head: Sequence[int] = (64,),
        dropout: float = 0.1,
    ) -> None:
        super().__init__(features, targets, output)
        tokens = [[feature] for feature in range(features)] if groups is None else groups
        if sum(map(len, tokens)) != features:
            raise ValueError(f"groups {tokens} do not hold the {features} features once each")
        self.width = width
        self.embedding = FeatureEmbedding(tokens, embedding_hidden, width, bins)
        self.blocks = nn.ModuleList(
            EncoderBlock(len(tokens), width, heads, feed_forward, dropout) for _ in range(blocks)
        )
        self.pooling = AttentionPooling(len(tokens), width, pooling_hidden)
        self.head = perceptron([width, *head, targets], dropout)

    @property
    def embedding_width(self) -> int:
        """D."""
        return self.width

    def prepare(self, values: Tensor) -> None:
        """Put the bins of the encoding, if there is one, on quantiles of training values."""
        if self.embedding.encoding is not None:
            self.embedding.encoding.fit(values)

    def embed(self, values: Tensor) -> Tensor:
        """The pooled vector, shape (B, D)."""
        tokens, absence = self.embedding(values)
        for block in self.blocks:
            tokens = block(tokens, absence)
        pooled: Tensor = self.pooling(tokens, absence)
        return pooled

    def classify(self, embedding: Tensor) -> Tensor:
        """Logits, shape (B, T)."""
        logits: Tensor = self.head(embedding)
        return logits
