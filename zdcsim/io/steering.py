"""Choosing the properties of the responses of an opened bundle.

Axis key: N responses, 9 conditions, P properties, W latent numbers.
"""

from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from detcore.session import run
from zdcsim.io.scales import Scales
from zdcsim.steering import Bounds, constrained


@dataclass(frozen=True)
class Steering:
    """How a bundle's properties are chosen, see `zdcsim.steering`.

    Arguments:
        names: Of the properties, P.
        bridge: From the first W noise numbers to one number for each property, shape (P, W).
        numbers: Session with inputs scaled conditions (N, 9) and properties (N, P), to what those
            numbers must be (N, P).
        scales: What scales the conditions.
    """

    names: tuple[str, ...]
    bridge: NDArray[np.float64]
    numbers: onnxruntime.InferenceSession
    scales: Scales

    def noise(
        self,
        conditions: NDArray[np.floating],
        noise: NDArray[np.float32],
        wanted: Bounds,
        rng: np.random.Generator,
    ) -> NDArray[np.float32]:
        """Noise (N, Z) that gives the wanted properties, drawn from its law under them.

        Arguments:
            conditions: In O2's order and units, shape (N, 9).
            noise: Standard normal, shape (N, Z).
            wanted: Bounds by property.
            rng: For properties that are only bounded.

        Raises:
            ValueError: If these properties cannot be chosen together.
        """
        scaled, size = self.scales.apply(conditions), self.bridge.shape[1]
        columns = [self.names.index(name) for name in wanted]
        edges = np.array(list(wanted.values())).T
        low, high = (self._numbers_at(edge, columns, scaled) for edge in edges)
        latent = constrained(noise[:, :size], self.bridge[columns], low, high, rng)
        return np.concatenate([latent, noise[:, size:]], axis=1)

    def _numbers_at(
        self, edge: NDArray[np.float64], columns: list[int], scaled: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Numbers of the latent for one edge of every wanted property; infinite edges stay."""
        closed = np.isfinite(edge)
        values = np.ones((len(scaled), len(self.names)), np.float32)
        values[:, columns] = np.where(closed, edge, 1.0)
        found = run(self.numbers, scaled, values)[:, columns].astype(np.float64)
        return np.where(closed, found, edge)
