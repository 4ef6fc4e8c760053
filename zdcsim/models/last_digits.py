"""The last binary digits of single-precision numbers, as whole numbers that are as good as random.

Whatever physics fixes in a number, its last digits are noise. Whole numbers below 2^24 are exact in
float32, so torch and every ONNX Runtime find the same.
"""

import torch
from torch import Tensor

DIGITS = 2**12
"""The 24 binary digits of a float32 near 1 are cut into two halves; the lower one is taken."""


def last_digits(values: Tensor) -> Tensor:
    """Whole numbers from 0 to `DIGITS` - 1, of the same shape."""
    digits = values * DIGITS
    return torch.floor((digits - torch.floor(digits)) * DIGITS)
