"""Randomness inside the networks, as a function of the step.

Axis key: none.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def dropout(seed: int, step: int, rank: int = 0) -> Iterator[None]:
    """Torch's random numbers on the CPU follow from these inside, and are untouched outside."""
    drawn = np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)[0]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(drawn >> np.uint64(1)))
        yield
