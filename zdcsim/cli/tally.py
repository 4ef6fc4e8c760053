"""What a generation gave: how many dark responses, and properties beside what was asked."""

import numpy as np
from numpy.typing import NDArray

from zdcsim.evaluation.properties import properties
from zdcsim.response import Responses
from zdcsim.steering import PROPERTIES, Bounds, said

ENOUGH = 20
"""Responses, of which one should reach what was asked."""


class Tally:
    """Responses counted as they pass.

    Arguments:
        wanted: Properties that were asked for.
    """

    def __init__(self, wanted: Bounds) -> None:
        self.wanted = wanted
        self.dark = 0
        self._found: list[NDArray[np.float64]] = []

    def add(self, responses: Responses) -> None:
        """Count some more."""
        lit = responses.photon_sum() > 0
        self.dark += int((~lit).sum())
        if self.wanted:
            shown = responses.dense(np.flatnonzero(lit))
            self._found.append(properties(shown, responses.calorimeter))

    def sentences(self) -> list[str]:
        """One a property: what was asked and what came, of the responses with light."""
        found = np.concatenate(self._found) if self._found else np.empty((0, len(PROPERTIES)))
        if not len(found):
            return []
        names = list(PROPERTIES)
        return [
            _said(name, bounds, found[:, names.index(name)]) for name, bounds in self.wanted.items()
        ]


def _said(name: str, bounds: tuple[float, float], values: NDArray[np.float64]) -> str:
    below, median, above = np.percentile(values, [16, 50, 84])
    sentence = (
        f"{name}: asked {said(bounds)}, generated {median:.4g} (median; 68 % from {below:.4g} to "
        f"{above:.4g}) {PROPERTIES[name]}"
    )
    if len(values) >= ENOUGH and (values.max() < bounds[0] or values.min() > bounds[1]):
        sentence += "; no response reaches it: the model does not give it for these particles"
    return sentence
