"""What stays in float32 where a training runs its networks in bfloat16.

bfloat16 has eight binary digits. That is enough for the weights of a convolution, but not for what
is computed from a particle or summed over fibres: the way through the magnets is a difference of
large numbers, and an impact point must be known to a hundredth of the pitch to tell in which groove
it lies.

Axis key: none.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def single_precision(tensor: Tensor) -> AbstractContextManager[object]:
    """Switches off the autocast of the tensor's device; a graph that is exported has none.

    Arguments:
        tensor: One of those computed with, in float32.
    """
    device = tensor.device.type
    if torch.is_autocast_enabled(device):
        return torch.autocast(device, enabled=False)
    return nullcontext()
