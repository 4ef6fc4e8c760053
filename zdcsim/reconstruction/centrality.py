"""Centrality of a lead-lead collision from the energy of its spectators.

The more nucleons take part, the fewer fly on, so the energy in the ZDCs rises with centrality (0 is
central), until in peripheral collisions ever more spectators stay bound in fragments that miss
the calorimeters. Where it rises, the share of reference events with less energy is the centrality.

Axis key: E events.

Source: ALICE, Phys. Rev. C 88 (2013) 044909 (centrality with the ZDCs, and its two branches).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CentralityEstimate:
    """Energies of reference events, ascending, and the range of centrality they are drawn from.

    Arguments:
        energies: Of collisions evenly spread over the range, ascending, shape (R,).
        interval: The range, per cent.
    """

    energies: NDArray[np.float64]
    interval: tuple[float, float]

    @classmethod
    def calibrated(
        cls, energies: NDArray[np.floating], interval: tuple[float, float]
    ) -> "CentralityEstimate":
        """From reference events.

        Arguments:
            energies: In any unit, of all of which the estimate is then asked, shape (R,).
            interval: Centralities over which the events are evenly spread, per cent, where energy
                rises with centrality.

        Raises:
            ValueError: If there are fewer than two events, or the range is empty.
        """
        if len(energies) < 2 or not interval[0] < interval[1]:
            raise ValueError(
                "a centrality estimate needs two reference events and a range that rises; got "
                f"{len(energies)} events and {interval[0]} to {interval[1]} per cent"
            )
        return cls(np.sort(np.asarray(energies, np.float64)), interval)

    def percent(self, energies: NDArray[np.floating]) -> NDArray[np.float64]:
        """Centrality of events, per cent, shape (E,); equal energies count half."""
        below = np.searchsorted(self.energies, energies, side="left")
        up_to = np.searchsorted(self.energies, energies, side="right")
        low, high = self.interval
        share = (below + up_to) / (2 * len(self.energies))
        return np.asarray(low + (high - low) * share, np.float64)
