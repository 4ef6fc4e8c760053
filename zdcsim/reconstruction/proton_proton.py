"""Proton-proton events: every primary through Geant4 and through a bundle, as O2 calls it.

O2 asks the classifier about all primaries of an event, those that miss the calorimeter too: light
that it lets through wrongly counts. Each event is there as often as half of its particles' Geant4
copies; nothing is drawn twice.

Axis key: P primaries that hit, M that miss, C collisions, H copies of a half, 5 channels.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, PZ, impact
from zdcsim.geometry import Calorimeter
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.reconstruction.closure import Closure, WholeCollisions, closure
from zdcsim.reconstruction.events import Members, Simulation, signals_by_copy
from zdcsim.reconstruction.quantities import Calibration, both, sides
from zdcsim.response import Responses


@dataclass(frozen=True)
class ProtonEvents:
    """The same collisions with the light of Geant4 and of a bundle.

    Arguments:
        members: Which row of the signals belongs to which copy of which collision; rows are all
            copies of the primaries that hit, then of those that miss.
        collision: Of each event, shape (C H,).
        monte_carlo: Two halves of the Geant4 copies, shape (2, (P + M) H, 5); those that miss have
            no light.
        generated: The bundle's answer to the same primaries, shape (R, (P + M) H, 5).
        hits: Rows of primaries that hit, P H.
        decayed: Whether a primary that misses was neutral and aimed at the face, so that it must
            have decayed on the way, shape (M H,).
        calibration: Scales of the Monte Carlo.
    """

    members: Members
    collision: NDArray[np.int64]
    monte_carlo: NDArray[np.float64]
    generated: NDArray[np.float64]
    hits: int
    decayed: NDArray[np.bool_]
    calibration: Calibration

    @property
    def collisions(self) -> int:
        """How many, C."""
        return int(self.collision.max()) + 1

    def closures(self, rng: np.random.Generator) -> dict[str, Closure]:
        """Closure of every quantity, of one ZN and of both, by name; see `closure`."""
        found: dict[str, Closure] = {}
        for view, rows in ((sides, np.repeat(self.collision, 2)), (both, self.collision)):
            reconstruct = partial(view, calibration=self.calibration)
            events = WholeCollisions(self.members, rows, self.collisions, reconstruct)
            closed = closure(events, self.monte_carlo, self.generated, rng)
            found |= {quantity.name: one for quantity, one in closed.items()}
        return found

    def only_hits(self) -> "ProtonEvents":
        """The same events without the primaries that miss."""
        return replace(
            self,
            members=Members(
                self.members.shower[: self.hits],
                self.members.place[: self.hits],
                self.members.events,
            ),
            monte_carlo=self.monte_carlo[:, : self.hits],
            generated=self.generated[:, : self.hits],
            decayed=self.decayed[:0],
        )

    def missing(self) -> dict[str, float]:
        """What the bundle makes of primaries that miss, and of those that hit.

        Returns:
            Primaries that miss in a collision, the share of them with light, their photo-electrons
            in a ZN and the share of these from decayed ones, the photo-electrons in a ZN of those
            that hit, and the share of them that is left dark.
        """
        hit, missed = self.generated[:, : self.hits], self.generated[:, self.hits :]
        sides_of_events = 2 * self.members.events
        dark = hit.sum(axis=-1) == 0
        return {
            "missed_per_collision": missed.shape[1] / self.members.events,
            "missed_with_light": float((missed.sum(axis=-1) > 0).mean()),
            "missed_photo_electrons": float(missed.sum() / (len(missed) * sides_of_events)),
            "missed_light_of_decayed": float(missed[:, self.decayed].sum() / max(missed.sum(), 1)),
            "hit_photo_electrons": float(hit.sum() / (len(hit) * sides_of_events)),
            "hit_left_dark": float(dark.mean()),
        }


def proton_events(
    sample: Responses,
    hits: Primaries,
    misses: Primaries,
    simulation: Simulation,
    calibration: Calibration,
    rng: np.random.Generator,
    repetitions: int = 1,
) -> ProtonEvents:
    """Build the events.

    Arguments:
        sample: Geant4 responses of all primaries that hit, each with the same even number of
            copies.
        hits: These primaries, with the number of their collision.
        misses: The other primaries of these collisions; of later ones they are left out.
        simulation: O2's fast simulation with a bundle, `FastSimulation`.
        calibration: Scales.
        rng: Draws the noise.
        repetitions: Generations of every primary.

    Raises:
        ValueError: If the sample is not of these primaries, or has an odd number of copies.
    """
    conditions, copies = signals_by_copy(sample)
    if not np.array_equal(conditions, hits.conditions):
        raise ValueError("the sample is not of these primaries; give its own source and seed")
    if len(copies) % 2:
        raise ValueError(f"halves need an even number of copies; the sample has {len(copies)}")
    # The last collision may go on after the last primary of the sample.
    whole = hits.event < hits.event.max()
    hit, missed = hits.select(whole), misses.select(misses.event < hits.event.max())
    half = len(copies) // 2
    halves = [_rows(part[:, whole]) for part in (copies[:half], copies[half:])]
    dark = np.zeros((half * len(missed), 5))
    primaries = np.concatenate([np.tile(each.conditions, (half, 1)) for each in (hit, missed)])
    return ProtonEvents(
        members=_members(hit, missed, half),
        collision=_collisions(hit, missed, half),
        monte_carlo=np.stack([np.concatenate([lit, dark]) for lit in halves]),
        generated=np.stack([simulation.signals(primaries, rng) for _ in range(repetitions)]).astype(
            np.float64
        ),
        hits=half * len(hit),
        decayed=np.tile(_aimed(missed.conditions, sample.calorimeter), half),
        calibration=calibration,
    )


def _rows(copies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Copy after copy, shape (H P, 5)."""
    return copies.reshape(-1, copies.shape[-1])


def _numbered(hit: Primaries, missed: Primaries) -> tuple[NDArray[np.int64], int]:
    """Collisions of hits, then misses, numbered from 0 without gaps, and how many there are."""
    known, number = np.unique(np.concatenate([hit.event, missed.event]), return_inverse=True)
    return number.astype(np.int64), len(known)


def _members(hit: Primaries, missed: Primaries, half: int) -> Members:
    number, collisions = _numbered(hit, missed)
    away = np.concatenate([hit.conditions, missed.conditions])[:, PZ] <= 0
    places = []
    for part in (slice(len(hit)), slice(len(hit), None)):
        event = number[part][None] + collisions * np.arange(half)[:, None]
        places.append((2 * event + away[part][None]).reshape(-1))
    place = np.concatenate(places)
    return Members(np.arange(len(place)), place, collisions * half)


def _collisions(hit: Primaries, missed: Primaries, half: int) -> NDArray[np.int64]:
    collisions = _numbered(hit, missed)[1]
    return np.tile(np.arange(collisions), half)


def _aimed(conditions: NDArray[np.float32], calorimeter: Calorimeter) -> NDArray[np.bool_]:
    x, y = impact(conditions, calorimeter).T
    aimed: NDArray[np.bool_] = (conditions[:, CHARGE] == 0) & calorimeter.contains(x, y)
    return aimed
