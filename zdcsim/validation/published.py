"""Statistics of a sample beside those published of ALICE's own training data.

Source: notebooks of P. Bedkowski's public repositories on the 2023 set (511 810 rows, pp); a row is
a particle with light in at least one of ZN and ZP. The numbers of rows with light in one
calorimeter are those of the published subsets of that set: 306 780 (ZN, as m-wojnar/zdc counts its
examples) and 344 228 (ZP).
"""

from dataclasses import dataclass

import numpy as np

from zdcsim.conditions import ENERGY
from zdcsim.response import Responses

ROWS = 511_810


@dataclass(frozen=True)
class Statistics:
    """What is published of a sample.

    Arguments:
        rows: Responses with light.
        zero_fibres: Share of the fibres of responses with light that see none.
        photon_sum: Smallest, lower quartile, median, upper quartile and largest photon sum of the
            responses with light.
        brightest: Most photo-electrons in one fibre.
        energy_gev: Quartiles of the energy; None if not known of these rows.
        below_15: Share of responses with light with fewer than 15 photo-electrons.
        brightest_at: Mean column and row, and their standard deviations, of the brightest fibre.
    """

    rows: int
    zero_fibres: float
    photon_sum: tuple[float, float, float, float, float]
    brightest: int
    energy_gev: tuple[float, float, float] | None
    below_15: float | None
    brightest_at: tuple[float, float, float, float]


def _among_lit(zero_fibres: float, lit_rows: int) -> float:
    """Zero share among rows with light, from the share among all."""
    return 1 - (1 - zero_fibres) * ROWS / lit_rows


ENERGY_QUARTILES = (199.1, 547.0, 1582.1)
ALICE = {
    "ZN": Statistics(
        rows=306_780,
        zero_fibres=_among_lit(0.9610, 306_780),
        photon_sum=(1, 12, 111, 510, 3360),
        brightest=591,
        energy_gev=ENERGY_QUARTILES,
        below_15=None,
        brightest_at=(22.25, 21.83, 12.7, 13.1),
    ),
    "ZP": Statistics(
        rows=344_228,
        zero_fibres=_among_lit(0.9889, 344_228),
        photon_sum=(1, 2, 5, 18, 2312),
        brightest=765,
        energy_gev=ENERGY_QUARTILES,
        below_15=0.713,
        brightest_at=(12.2, 13.6, 14.2, 8.83),
    ),
}
"""By calorimeter; the energies are of all rows of the set, whichever calorimeter they lit."""


def statistics(responses: Responses) -> Statistics:
    """The same statistics of a sample of ours.

    Raises:
        ValueError: If no response has light.
    """
    total = responses.photon_sum()
    lit = responses.select(total > 0)
    if not len(lit):
        raise ValueError("no response of the sample has light; there is nothing to describe")
    sums = lit.photon_sum()
    fibres = lit.calorimeter.nx * lit.calorimeter.ny
    first = [
        lit.pixels[start + np.argmax(lit.counts[start:stop])]
        for start, stop in zip(lit.offsets[:-1], lit.offsets[1:], strict=True)
    ]
    column, row = np.divmod(np.array(first, np.int64), lit.calorimeter.ny)
    low, *middle, high = np.percentile(sums, [0, 25, 50, 75, 100]).tolist()
    energy = np.percentile(lit.conditions[:, ENERGY], [25, 50, 75]).tolist()
    return Statistics(
        rows=len(lit),
        zero_fibres=float(1 - len(lit.pixels) / (len(lit) * fibres)),
        photon_sum=(low, middle[0], middle[1], middle[2], high),
        brightest=int(lit.counts.max()),
        energy_gev=(energy[0], energy[1], energy[2]),
        below_15=float((sums < 15).mean()),
        brightest_at=(
            float(column.mean()),
            float(row.mean()),
            float(column.std()),
            float(row.std()),
        ),
    )
