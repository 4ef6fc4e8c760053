"""Random numbers for every fibre, out of the ten normal numbers that O2 draws.

O2 hands a generator ten numbers; drawing counts takes one for each of two thousand fibres. They
are made inside the graph, as a pure function of the ten, by tabulation: the last binary digits of
the ten choose a row in each of three tables of random numbers, and a fibre's number is the sum of
what the three hold from there on,

    u_k = first[a + k] + second[b + k] + third[c + k]  mod 1.

Each u_k is uniform, and the numbers of one response, and those of two responses that differ in a, b
or c, are independent as far as the tables are; 1.1e9 triples exist. The rows are sums of the digits
with weights of no pattern, less their last two digits, which numbers above 1 do not fill; with
weights in a row, as they once were, c followed from a and b. Rows and numbers are computed
with whole numbers below 2^24, exact in float32, so torch and every ONNX Runtime agree to the last
digit. Fibres are read eight at a time, which is what makes it fast. (A sum of normal numbers would
not do: unlike the sum modulo 1 it keeps the small correlations of each table.)

Axis key: B responses, Z noise numbers, M numbers wanted.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

from zdcsim.models.kernels import first
from zdcsim.models.last_digits import last_digits

TABLES = 3
ROWS = 2**10
TOGETHER = 8
RESOLUTION = 2**21
"""Of the uniform numbers; the sum of three is exact in float32."""

QUANTILES = 2**14
"""Of the normal law, tabulated; the outermost lies at four standard deviations."""

LEFT_OUT = 4
"""The weighted sums are divided by this: their last two binary digits choose nothing."""

HEAVIEST = 409
"""Weight; ten numbers of twelve digits times this stay below 2^24."""

SEED = 20_260_000


class FibreNoise(nn.Module):
    """The tables.

    Arguments:
        noise_size: Normal numbers that a response gets.
        size: Numbers that it needs.
    """

    tables: Tensor
    quantiles: Tensor
    order: Tensor
    weights: Tensor

    def __init__(self, noise_size: int, size: int) -> None:
        super().__init__()
        groups = math.ceil(size / TOGETHER)
        self.size, self.length = size, groups * TOGETHER
        shape = (TABLES, ROWS, TOGETHER)
        raw = np.random.Philox(SEED).random_raw(math.prod(shape)).reshape(shape)
        tables = torch.from_numpy((raw >> np.uint64(43)).astype(np.float64)) / RESOLUTION
        quantiles = torch.special.ndtri((torch.arange(QUANTILES).double() + 0.5) / QUANTILES)
        drawn = np.random.Philox(SEED + 1).random_raw((noise_size, TABLES))
        # Odd, so that the last digit of every number counts.
        weights = torch.from_numpy((drawn % np.uint64(HEAVIEST // 2)).astype(np.int64) * 2 + 1)
        for name, values in {
            # Each table goes on from its start; all lie behind one another.
            "tables": torch.cat([tables, tables[:, :groups]], 1).flatten(0, 1).float(),
            "quantiles": quantiles.float(),
            "order": torch.arange(TABLES)[:, None] * (ROWS + groups) + torch.arange(groups),
            "weights": weights.float(),
        }.items():
            self.register_buffer(name, values, persistent=False)

    def forward(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Uniform numbers in [0, 1) and their normal quantiles, each (B, 1, M).

        Arguments:
            noise: Standard normal, shape (B, Z).
        """
        read = self.tables[self.rows(noise)[:, :, None] + self.order]
        total = first(read.sum(1).reshape(-1, 1, self.length), self.size, self.length)
        uniform = total - torch.floor(total)
        # GatherElements: its node takes a third of the time of Gather, which copies one by one.
        drawn = (uniform * QUANTILES).long().reshape(-1)
        return uniform, torch.gather(self.quantiles, 0, drawn).reshape(-1, 1, self.size)

    def rows(self, noise: Tensor) -> Tensor:
        """Where to read the tables, shape (B, 3)."""
        total = torch.matmul(last_digits(noise), self.weights)
        return (torch.fmod(total, ROWS * LEFT_OUT) / LEFT_OUT).long()
