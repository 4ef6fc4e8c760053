"""How likely the properties of a response are for its particle.

Axis key: B responses, P properties.
"""

import torch
from torch import Tensor


def expectation_loss(truth: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    """Minus the log likelihood of properties under independent normal laws, nats a response.

    Up to a constant, mean over responses, shape (). It is least where `mean` and `spread` are those
    of the properties that the particle has.

    Arguments:
        truth: Shape (B, P).
        mean: Shape (B, P).
        spread: Standard deviations, positive, shape (B, P).
    """
    pull = (truth - mean) / spread
    return (0.5 * pull * pull + torch.log(spread)).sum(1).mean()
