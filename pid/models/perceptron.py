"""Dense layers in a row.

Axis key: none.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def perceptron(widths: Sequence[int], dropout: float = 0.0) -> nn.Sequential:
    """Dense layers of these widths, input first, with ReLU and dropout between them.

    The last layer has neither.
    """
    layers: list[nn.Module] = []
    for before, after in pairwise(widths[:-1]):
        layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))
