"""One block of collisions: generated, decayed and reconstructed with a seed of its own.

Axis key: E collisions.
"""

import numpy as np

from pid.detector.particles import Collisions
from pid.detector.response import respond
from pid.detector.tof import TofSettings
from pid.simulation.generator import generate
from pid.simulation.population import charged
from pid.simulation.settings import CollisionSettings, SimulationSettings
from pid.tracks import Tracks


def simulate(settings: SimulationSettings, seed: int, block: int) -> Tracks:
    """Tracks of one block; `event` is the index of the collision in it.

    Arguments:
        settings: What is simulated.
        seed: Of the sample.
        block: Number of the block; each has random numbers of its own.
    """
    generator_seed, rest = np.random.SeedSequence([seed, block]).spawn(2)
    rng = np.random.default_rng(rest)
    generated = generate(
        settings.collisions.sqrt_s_gev,
        settings.block_events,
        int(generator_seed.generate_state(1)[0]),
    )
    particles = charged(generated, settings.abundances, settings.detector.field_t, rng)
    collisions = luminous(settings.block_events, settings.collisions, settings.detector.tof, rng)
    return respond(particles, collisions, settings.detector, rng)


def luminous(
    count: int, settings: CollisionSettings, start: TofSettings, rng: np.random.Generator
) -> Collisions:
    """Vertices and times of collisions, shape (count, ...).

    A collision without a measured time gets the bunch crossing's, 0, and its whole spread as error.
    """
    time = rng.normal(0, start.start_spread_ps, count)
    measured = rng.normal(time + start.start_offset_ps, start.start_resolution_ps)
    unmeasured = rng.random(count) < start.start_unmeasured
    return Collisions(
        vertex=rng.normal(settings.vertex_mean_cm, settings.vertex_sigma_cm, (count, 3)),
        time=time,
        measured_time=np.where(unmeasured, 0.0, measured),
        time_error=np.where(unmeasured, start.start_spread_ps, start.start_resolution_ps),
    )
