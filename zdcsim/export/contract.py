"""What a bundle promises its reader; written into its models and its manifest."""

from zdcsim import conditions
from zdcsim.export import graph
from zdcsim.export.photon_encoding import EPSILON, MAXIMUM
from zdcsim.io.bundle import THRESHOLD
from zdcsim.io.scales import Scales
from zdcsim.models.generator import Generator
from zdcsim.models.sampler import sampler

LICENCE = "Apache-2.0"


def features(scales: Scales) -> list[dict[str, object]]:
    """Name, unit, mean and scale of every condition, in the order in which a model takes them."""
    return [
        {"name": condition.name, "unit": condition.unit, "mean": float(mean), "scale": float(scale)}
        for condition, mean, scale in zip(
            conditions.CONDITIONS, scales.mean, scales.scale, strict=True
        )
    ]


def generator_contract(generator: Generator, scales: Scales) -> dict[str, object]:
    """How to feed and read a generator."""
    size, (nx, ny) = generator.noise_size, generator.calorimeter.shape
    known = sampler(generator)
    return {
        "detector": generator.calorimeter.name,
        "sides": "A for pz > 0, C otherwise; one model for both",
        "inputs": [f"{graph.NOISE} [N, {size}]", f"{graph.CONDITIONS} [N, 9]"],
        "output": f"{graph.LOG_PHOTONS} [N, Ny={ny}, Nx={nx}]",
        "layout": "fibre (x, y) at Nx * y + x",
        "photon_encoding": f"log1p(n + {EPSILON:g}) of n > 0 photo-electrons, 0 of none",
        "maximum_photons_per_fibre": MAXIMUM,
        "common_parity": "x + y even",
        "channel_order": "common, tower 1, tower 2, tower 3, tower 4",
        "noise": f"{size} standard normal numbers for every response" + _for_fibres(generator),
        "features": features(scales),
        **({} if known is None else {"sampler": known}),
    }


def _for_fibres(generator: Generator) -> str:
    """Which of more than the generator's own numbers belongs to which fibre."""
    own, (_, ny) = generator.own_noise, generator.calorimeter.shape
    if generator.noise_size != own + generator.calorimeter.nx * ny:
        return ""
    return f": {own} of the generator, then one a fibre, (x, y) at {own} + {ny} * x + y"


def classifier_contract(scales: Scales) -> dict[str, object]:
    """How to feed and read a signal classifier."""
    return {
        "inputs": [f"{graph.CONDITIONS} [N, 9]"],
        "output": f"{graph.PROBABILITY} [N, 1], that the particle leaves any light",
        "threshold": THRESHOLD,
        "features": features(scales),
    }
