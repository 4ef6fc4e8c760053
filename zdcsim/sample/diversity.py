"""How much the responses to one and the same particle differ.

Axis key: P particles, N responses.
"""

import numpy as np
from numpy.typing import NDArray

from zdcsim.response import Sample


def diversity_weights(responses: Sample) -> NDArray[np.float32]:
    """Diversity of each response's particle over its copies, shape (N,), in [0, 1].

    The standard deviation of a fibre's photo-electrons over the copies, summed over the fibres,
    divided by the largest such sum of these responses (so: of the training particles). A particle
    without copies has 0; so have all when none varies.

    Source:
        https://arxiv.org/abs/2207.01561, the factor of the diversity term.
    """
    particles, index = np.unique(responses.particle, return_inverse=True)
    order = np.argsort(index, kind="stable")
    ends = np.cumsum(np.bincount(index))[:-1]
    spread = np.array(
        [responses.dense(rows).std(axis=0).sum() for rows in np.split(order, ends)], np.float32
    ).reshape(len(particles))
    largest = spread.max(initial=0)
    weights: NDArray[np.float32] = (spread / largest if largest > 0 else spread)[index]
    return weights
