"""Lead-lead events: spectator neutrons through Geant4 and through a bundle, as O2 calls it.

Numbers of neutrons come from the Glauber model, their showers from a pool, two Geant4 showers and
several generated ones of each particle. Every event has the same particles in all of them.

Axis key: P particles of the pool, E events, two sides (A, C), 5 channels.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import ENERGY
from zdcsim.evaluation.quantities import Measured
from zdcsim.montecarlo.spectators import Spectators
from zdcsim.reconstruction.centrality import CentralityEstimate
from zdcsim.reconstruction.closure import Closure, PooledEvents, closure
from zdcsim.reconstruction.energy import energy, light
from zdcsim.reconstruction.events import Members, Simulation, signals_by_copy
from zdcsim.reconstruction.quantities import Calibration, both, sides
from zdcsim.response import Responses


@dataclass(frozen=True)
class LeadSettings:
    """How many collisions of which kind.

    Arguments:
        events: Collisions that are compared; as many others calibrate the centrality.
        interval: Centralities, per cent, in which spectators rise with centrality.
        repetitions: Generations of every particle.
        seed: Of collisions, draws and noise.
    """

    events: int = 1000
    interval: tuple[float, float] = (0.0, 35.0)
    repetitions: int = 16
    seed: int = 1


@dataclass(frozen=True)
class LeadEvents:
    """The same collisions with the light of Geant4 and of a bundle.

    Arguments:
        centrality: True centrality, per cent, shape (E,).
        neutrons: True numbers towards A and C, shape (E, 2).
        members: Which particles of the pool make up which event.
        monte_carlo: Two Geant4 simulations of the pool, shape (2, P, 5).
        generated: Repetitions of the generation of the pool, shape (R, P, 5).
        calibration: From both Geant4 simulations.
    """

    centrality: NDArray[np.float64]
    neutrons: NDArray[np.int64]
    members: Members
    monte_carlo: NDArray[np.float64]
    generated: NDArray[np.float64]
    calibration: Calibration

    def closures(self, rng: np.random.Generator) -> dict[str, Closure]:
        """Closure of every quantity, of one ZN and of both, by name; see `closure`."""
        found: dict[str, Closure] = {}
        for view in (sides, both):
            reconstruct = partial(view, calibration=self.calibration)
            events = PooledEvents(self.members, self.monte_carlo.shape[1], reconstruct)
            closed = closure(events, self.monte_carlo, self.generated, rng)
            found |= {quantity.name: one for quantity, one in closed.items()}
        return found

    def side(self, pool: NDArray[np.number]) -> Measured:
        """Quantities of each ZN, rows A and C of one event after the other, shape (2 E, K)."""
        return sides(self.members.summed(pool), self.calibration)

    def event(self, pool: NDArray[np.number]) -> Measured:
        """Quantities of each event, shape (E, K)."""
        return both(self.members.summed(pool), self.calibration)

    def resolution(self, pool: NDArray[np.number]) -> dict[str, float]:
        """Errors of the estimates against the truth.

        Returns:
            Mean and standard deviation of estimated less true neutrons of a ZN, those of the
            centrality, per cent, and the share of events in their true class of 5 per cent.
        """
        off = self.side(pool).values[:, -1] - self.neutrons.reshape(-1)
        percent = self.event(pool).values[:, -1]
        apart = percent - self.centrality
        return {
            "neutrons_mean": float(off.mean()),
            "neutrons_rms": float(off.std()),
            "centrality_mean": float(apart.mean()),
            "centrality_rms": float(apart.std()),
            "same_class": float(np.mean(percent // 5 == self.centrality // 5)),
        }


def lead_events(
    sample: Responses, simulation: Simulation, settings: LeadSettings | None = None
) -> LeadEvents:
    """Build the events.

    Arguments:
        sample: Geant4 responses of spectator neutrons in the ZN, two copies of each.
        simulation: O2's fast simulation with a bundle, `FastSimulation`.
        settings: Which collisions, and how many.

    Raises:
        ValueError: If the sample has not two copies of every particle.
    """
    chosen = settings or LeadSettings()
    conditions, monte_carlo = signals_by_copy(sample)
    if len(monte_carlo) != 2:
        raise ValueError(
            f"two Geant4 showers of each particle are needed; the sample has {len(monte_carlo)}"
        )
    collisions, draws, noise = np.random.default_rng(chosen.seed).spawn(3)
    source = Spectators(centrality=chosen.interval)
    centrality, numbers = source.neutrons(chosen.events, collisions)
    members = Members.drawn(numbers, len(conditions), draws)
    generated = [simulation.signals(conditions, noise) for _ in range(chosen.repetitions)]
    _, others = source.neutrons(chosen.events, collisions)
    calibration = calibrated(
        conditions[:, ENERGY],
        monte_carlo,
        Members.drawn(others, len(conditions), draws),
        chosen.interval,
    )
    return LeadEvents(centrality, numbers, members, monte_carlo, np.stack(generated), calibration)


def calibrated(
    energies_gev: NDArray[np.floating],
    monte_carlo: NDArray[np.float64],
    others: Members,
    interval: tuple[float, float],
) -> Calibration:
    """Scales from the Monte Carlo: mean light per TeV and per neutron, and the centrality.

    Arguments:
        energies_gev: Of the particles, shape (P,).
        monte_carlo: Their Geant4 showers, shape (2, P, 5).
        others: Events that are not compared, evenly spread over the interval.
        interval: Centralities, per cent.
    """
    seen = light(monte_carlo)
    per_tev = float(seen.sum() / (len(seen) * energies_gev.sum() / 1000))
    reference = np.concatenate(
        [energy(others.summed(one), per_tev).sum(axis=1) for one in monte_carlo]
    )
    estimate = CentralityEstimate.calibrated(reference, interval)
    return Calibration(per_tev, float(seen.mean()), estimate)
