"""The scaling of the nine conditions, kept inside the model so that the two never part.

Axis key: B particles, 9 conditions.
"""

import torch
from torch import Tensor, nn

from zdcsim.conditions import NAMES


class ConditionScaler(nn.Module):
    """Shifts and scales conditions to zero mean and unit spread over the training particles.

    O2 applies the same two lines of numbers outside the graph (its scales file), in float32.
    Until `fit` is called it passes conditions through unchanged.

    Attributes:
        mean: In O2's units, charge in e/3, shape (9,).
        scale: Same units, never 0, shape (9,).
    """

    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(len(NAMES)))
        self.register_buffer("scale", torch.ones(len(NAMES)))

    def fit(self, conditions: Tensor) -> None:
        """Take mean and spread from the training conditions, in O2's units, shape (N, 9).

        A condition that does not vary gets the scale 1.

        Raises:
            ValueError: If there are no conditions or one is not finite; names the first such.
        """
        if conditions.shape[1:] != self.mean.shape or not len(conditions):
            raise ValueError(
                f"conditions must have shape (N, {len(NAMES)}) with N > 0; "
                f"got {tuple(conditions.shape)}"
            )
        finite = torch.isfinite(conditions).all(dim=0)
        if not finite.all():
            raise ValueError(f"condition {NAMES[int(finite.int().argmin())]} is not finite")
        wide = conditions.double()
        spread = wide.std(dim=0, correction=0)
        constant = (wide == wide[0]).all(dim=0)
        self.mean.copy_(wide.mean(dim=0))
        self.scale.copy_(torch.where(constant, 1.0, spread))

    def forward(self, conditions: Tensor) -> Tensor:
        """Scaled conditions, shape (B, 9)."""
        scaled: Tensor = (conditions - self.mean) / self.scale
        return scaled

    def undo(self, scaled: Tensor) -> Tensor:
        """Conditions in O2's units from scaled ones, shape (B, 9)."""
        conditions: Tensor = scaled * self.scale + self.mean
        return conditions
