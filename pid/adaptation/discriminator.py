"""The adversary: which domain does an embedding come from?

Sources: Ganin et al., https://arxiv.org/abs/1505.07818 (DANN); Long et al.,
https://arxiv.org/abs/1705.10667, section 3.1 (CDAN).

Axis key: B tracks, E numbers of the embedding, T targets.
"""

from torch import Tensor, nn
from torch.nn import functional


class DomainDiscriminator(nn.Module):
    """Two hidden layers to one logit, positive for the source (simulation).

    Arguments:
        inputs: Width of what it sees.
        hidden: Width of the hidden layers.
    """

    def __init__(self, inputs: int, hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 1),
        )

    def forward(self, seen: Tensor) -> Tensor:
        """Logits, shape (B,), of what it sees, shape (B, inputs)."""
        logits: Tensor = self.layers(seen).squeeze(1)
        return logits


def domain_loss(source: Tensor, target: Tensor) -> Tensor:
    """Mean of the cross-entropies of both domains, of their logits, shape (B,) each."""
    return 0.5 * (functional.softplus(-source).mean() + functional.softplus(target).mean())


def multilinear(embedding: Tensor, probabilities: Tensor) -> Tensor:
    """What the conditional adversary sees: every product of an embedding and a class probability.

    Arguments:
        embedding: Shape (B, E).
        probabilities: Shape (B, T).

    Returns:
        Shape (B, E T).
    """
    return (embedding.unsqueeze(2) * probabilities.unsqueeze(1)).flatten(1)
