"""The position term, of the auxiliary regressor and of the generator that it judges.

Coordinates are not normalised: they count pitches from the lower corner of the face, as in
https://arxiv.org/abs/2406.03263, so a weight means the same for ZN and ZP.

Axis key: B responses.
"""

from torch import Tensor


def position_loss(found: Tensor, target: Tensor) -> Tensor:
    """Mean squared distance between positions, in pitches squared; shape (B, 2) each.

    The squares of both coordinates are summed. Published code takes their mean (Keras' MSE), so
    that the same weight acts twice as strongly here.

    Raises:
        ValueError: If the shapes differ.
    """
    if found.shape != target.shape:
        raise ValueError(
            f"positions must have shape {tuple(found.shape)}; got {tuple(target.shape)}"
        )
    return (found - target).square().sum(dim=1).mean()
