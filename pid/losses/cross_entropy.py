"""Cross-entropies of the two kinds of output.

Axis key: B tracks, T targets.
"""

from torch import Tensor
from torch.nn import functional


def binary(logits: Tensor, labels: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean over tracks and targets of -log p of what is true.

    Arguments:
        logits: Shape (B, T).
        labels: 1 where the track is the target, else 0, shape (B, T).
        weight: Of the tracks that are the target, shape (T,); none: 1.
    """
    _require_same_shape(logits, labels)
    return functional.binary_cross_entropy_with_logits(logits, labels, pos_weight=weight)


def categorical(logits: Tensor, labels: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean over tracks of the class's weight times -log p of the true class.

    The sum is divided by the number of tracks, not by that of weights as torch does, so that the
    mean over equal shares of a batch is that of the batch.

    Arguments:
        logits: Shape (B, T).
        labels: 1 for the true class, else 0, shape (B, T).
        weight: Of each class, shape (T,); none: 1.
    """
    _require_same_shape(logits, labels)
    known = labels.argmax(dim=1)
    if weight is None:
        return functional.cross_entropy(logits, known)
    return (weight[known] * functional.cross_entropy(logits, known, reduction="none")).mean()


def _require_same_shape(logits: Tensor, labels: Tensor) -> None:
    if logits.shape != labels.shape:
        raise ValueError(
            f"labels must have the shape {tuple(logits.shape)} of the logits; "
            f"got {tuple(labels.shape)}"
        )
