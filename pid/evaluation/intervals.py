"""Binomial intervals of a share: k of n.

The normal approximation fails for shares near 0 or 1, where purities and efficiencies live, so
only intervals that keep inside [0, 1] are offered.

Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209; C. J. Clopper, E. S. Pearson, Biometrika 26
(1934) 404.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Literal

Interval = Literal["wilson", "clopper-pearson"]
ONE_SIGMA = 0.6826894921370859
"""Probability content of one standard deviation."""


@dataclass(frozen=True)
class Share:
    """A measured share and its interval; None where nothing was counted.

    Arguments:
        value: part / whole.
        low: Lower end of the interval.
        high: Upper end.
        whole: What was counted.
    """

    value: float | None
    low: float | None
    high: float | None
    whole: int


def share(
    part: int, whole: int, interval: Interval = "wilson", content: float = ONE_SIGMA
) -> Share:
    """`part` of `whole` with its interval.

    Arguments:
        part: Number of successes.
        whole: Number of trials.
        interval: `wilson` covers its content on average, `clopper-pearson` always at least.
        content: Probability content, by default one standard deviation.

    Raises:
        ValueError: If `part` is not between 0 and `whole`, or the content not between 0 and 1.
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} of {whole} is no share")
    if not 0 < content < 1:
        raise ValueError(f"the content of an interval lies between 0 and 1; got {content}")
    if whole == 0:
        return Share(None, None, None, 0)
    ends = wilson if interval == "wilson" else clopper_pearson
    low, high = ends(part, whole, content)
    return Share(part / whole, low, high, whole)


def wilson(part: int, whole: int, content: float) -> tuple[float, float]:
    """The shares that the measured one lies within z standard deviations of."""
    z = NormalDist().inv_cdf(0.5 * (1 + content))
    measured, scaled = part / whole, z * z / whole
    centre = (measured + scaled / 2) / (1 + scaled)
    half = z * sqrt(measured * (1 - measured) / whole + scaled / whole / 4) / (1 + scaled)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def clopper_pearson(part: int, whole: int, content: float) -> tuple[float, float]:
    """The shares that give so many successes or more, or so many or fewer, by (1 - content) / 2."""
    from scipy.special import betaincinv

    tail = 0.5 * (1 - content)
    low = float(betaincinv(part, whole - part + 1, tail)) if part else 0.0
    high = float(betaincinv(part + 1, whole - part, 1 - tail)) if part < whole else 1.0
    return low, high
