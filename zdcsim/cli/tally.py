"""What a generation gave: dark responses, particles unlike those of the training, properties."""

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import ENERGY, MASS
from zdcsim.evaluation.properties import properties
from zdcsim.io.scales import Scales
from zdcsim.response import Responses
from zdcsim.steering import PROPERTIES, Bounds, said

ENOUGH = 20
"""Responses, of which one should reach what was asked."""

FAR = 5.0
"""Standard deviations of the training's particles; no particle of our own samples lies beyond.

Also spreads of what was generated, with its size, beyond which few responses tell as much."""


def extrapolated(conditions: NDArray[np.float32], trained: Scales) -> list[str]:
    """A sentence for energies, and one for masses, far from those that a model was trained on.

    Arguments:
        conditions: Of the particles, in O2's units, shape (N, 9).
        trained: What scales the generator's conditions: mean and spread of its training.
    """
    said_of = []
    for column, name, unit in ((ENERGY, "an energy", "GeV"), (MASS, "a mass", "MeV")):
        values = conditions[:, column].astype(np.float64)
        mean, spread = float(trained.mean[column]), float(trained.scale[column])
        away = np.abs(values - mean)
        far = away > FAR * spread
        if far.any():
            said_of.append(
                f"{far.sum()} of {len(far)} particles have {name} far from the {mean:.4g} +- "
                f"{spread:.4g} {unit} that the model was trained on (farthest: "
                f"{values[away.argmax()]:.4g} {unit}); their responses are extrapolated"
            )
    return said_of


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
    away = max(bounds[0] - above, below - bounds[1])
    sentence = (
        f"{name}: asked {said(bounds)}, generated {median:.4g} (median; 68 % from {below:.4g} to "
        f"{above:.4g}) {PROPERTIES[name]}"
    )
    sure = len(values) >= ENOUGH or away > FAR * (above - below) + abs(median)
    if sure and (values.max() < bounds[0] or values.min() > bounds[1]):
        sentence += "; no response reaches it: the model does not give it for these particles"
    return sentence
