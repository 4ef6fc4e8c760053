"""Which responses train and which validate.

Each particle is transported many times, so a split by response (the literature's) shows the
network the very particles it is judged on. The default splits by particle.

Axis key: N responses.
"""

from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from zdcsim.response import Sample, origin, reused

SplitBy = Literal["particle", "random"]
Kept = TypeVar("Kept", bound=Sample)


def uniform_hash(keys: NDArray[np.integer], seed: int) -> NDArray[np.float64]:
    """A fixed number in [0, 1) for every key, as good as drawn at random; shape (N,).

    It depends on the key and the seed alone: keys that come later leave the others' as they are.

    Source:
        The SplitMix64 finaliser, Steele, Lea and Flood, OOPSLA 2014, applied twice.
    """
    mixed = _mixed(keys.astype(np.uint64) ^ _mixed(np.array([seed], dtype=np.uint64)))
    uniform: NDArray[np.float64] = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return uniform


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        z = keys + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def split(
    responses: Kept, fraction: float, seed: int, by: SplitBy = "particle"
) -> tuple[Kept, Kept]:
    """Training and validation responses.

    Re-used showers never validate, and those of a particle that validates do not train either.

    Arguments:
        responses: All of them.
        fraction: Expected share of validation, of the particles or of the responses.
        seed: Another seed, another split.
        by: `particle` keeps the copies of a particle together; `random` does not.

    Returns:
        Training, then validation; each keeps the order of the file.

    Raises:
        ValueError: If the fraction is not between 0 and 1 or leaves one of the two empty, or a
            sample with re-used showers is split at random.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"the validation fraction must lie between 0 and 1; got {fraction}")
    again = reused(responses.particle)
    if by == "random" and again.any():
        raise ValueError(
            f"{again.sum()} of {len(responses)} responses are re-used showers, which a random "
            "split would share between training and validation; split by particle"
        )
    keys = origin(responses.particle) if by == "particle" else np.arange(len(responses))
    validates = uniform_hash(keys, seed) < fraction
    if (number := len(np.unique(keys))) < 2:
        raise ValueError(
            f"{len(responses)} responses of {number} particle cannot be split; give at least two "
            "particles with identifiers of their own"
        )
    if validates.all() or not validates.any():
        raise ValueError(
            f"a validation fraction of {fraction} leaves one side of {number} "
            f"{'particles' if by == 'particle' else 'responses'} empty; change it or the seed"
        )
    return responses.select(~validates), responses.select(validates & ~again)
